# What jobs have recorded of their results (synthwire/runtime/records.py) decides what is made again.
from snakemake.persistence.file import FilePersistence

from synthwire.config import begun
from synthwire.runtime import records


def mark_damaged():
    """Let Snakemake take results that are not as they were written for incomplete ones.

    Then whatever is asked for is made without them, and nothing is made that nobody asks for. A
    folder that is an output lacks something when one of its files is missing.
    """
    persistence = FilePersistence(nolock=True)
    for run in sorted({RUN, MODELS_RUN}):
        for path, there in records.not_as_written(Path(run)):
            parts = Path(path).parents[:-1]
            for output in [path, *parts] if there else parts:
                persistence._mark_incomplete(f"{run}/{output}", None)
            if there:
                print(
                    f"synthwire: {run}/{path}: not as it was written (damaged, or changed by "
                    "hand); it is made anew where it is needed",
                    file=sys.stderr,
                    flush=True,
                )


def refuse_other_settings():
    """InputError where a run that keeps its settings was begun with others, or other code."""
    if not config["keep_settings"] or MODELS_RUN != RUN or workflow.touch:
        return
    rows = {model: {**row, "changes": CHANGES[model]} for model, row in ROWS.items()}
    begun.keep_settings(Path(RUN), begun.settings_of_run(config, rows))
    changed = {
        job.wildcards.model: sorted(
            map(str, reason.updated_input | reason.updated_input_run)
        )
        for job in workflow.dag.needrun_jobs()
        if job.rule.name == "train_model" and os.path.exists(job.output.weights)
        for reason in [workflow.dag.reason(job)]
        if not reason.forced and not reason.incomplete_output
        if reason.updated_input or reason.updated_input_run
    }
    if changed:
        first, *more = next(iter(changed.values()))
        raise InputError(
            f"{RUN}: {first}{' and others' if more else ''} changed since the "
            f"{'model was' if len(changed) == 1 else 'models were'} trained "
            f"({', '.join(sorted(changed))}); start again with --touch to keep what is there, remove "
            f"the folder to start anew (rm -r {RUN}), or add --forcerun train_model"
        )


def refuse_to_train_again():
    """One line and exit code 1 where trainings would run only since their results were removed."""
    gone = sorted(
        job.wildcards.model
        for job in workflow.dag.needrun_jobs()
        if job.rule.name.endswith("train_model")
        and os.path.exists(
            f"{MODELS_RUN}/checksums/train_model/{job.wildcards.model}.sha256"
        )
        and not os.path.exists(job.output.weights)
    )
    if gone:
        print(
            f"synthwire: {MODELS_RUN}/models: the trained {', '.join(gone)} {'is' if len(gone) == 1 else 'are'} "
            "gone, and what was asked for needs more than is stored of them; put them back, or "
            f"remove {MODELS_RUN}/checksums/train_model to train them anew",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)


if workflow.is_main_process:
    mark_damaged()
