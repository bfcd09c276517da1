# One run of a name at a time in one folder, beside runs of other names. Snakemake's own locks are
# switched off in profiles/default: when one of several runs in a folder ends, Snakemake 9.27
# removes the locks of all, and after a kill they stay until somebody unlocks them. This one ends
# with its process.
from contextlib import ExitStack

from synthwire.runtime.locking import alone_in

HELD = ExitStack()


onstart:
    try:
        HELD.enter_context(alone_in(Path(RUN)))
        if MODELS_RUN != RUN:
            HELD.enter_context(alone_in(Path(MODELS_RUN), shared=True))
        refuse_other_settings()
    except InputError as error:
        print(f"synthwire: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # an exception here would be printed as a bug of the workflow
    refuse_to_train_again()
    plan_when_jobs_end()
    say_cost()
