import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

# The project's folder, whichever Snakefile was started: this one's, workflow/Snakefile, or another
# workflow's that takes this one as a module.
ROOT = Path(workflow.snakefile).resolve().parents[1]

# Rules and scripts import the library from here, installed or not: Snakemake hands its path on to
# the scripts, at the end of theirs; the variable goes first, so that no other version is taken.
sys.path.insert(0, str(ROOT / "workflow"))
os.environ.update(
    PYTHONPATH=os.pathsep.join(
        filter(None, [sys.path[0], os.environ.get("PYTHONPATH")])
    )
)

from synthwire.config import checks, models_table, sources
from synthwire.config.notes import read_notes
from synthwire.errors import InputError
from synthwire.learning import identity, plan, weights
from synthwire.runtime.imports import LIBRARY, library_files
from synthwire.runtime.threads import wait_passively
from synthwire.structures.settings import categories, shards

wait_passively()  # for the jobs, which inherit it

# For jobs that can use every core of the machine. Snakemake counts no cores on a cluster; there
# the profile's `set-threads` says how many.
ALL_CORES = workflow.resource_settings.cores or 1


def own_file(path):
    """A path in the working directory or, where it is not there, in the workflow's own folder."""
    own = ROOT / path
    return os.path.relpath(own) if own.exists() and not os.path.exists(path) else path


def check_configuration():
    """Fill in defaults and check everything; one line and exit code 1 when something is wrong."""
    source = " + ".join(
        str(path).removeprefix(f"{os.getcwd()}/") for path in workflow.configfiles
    )
    try:
        sources.check_keys(workflow.configfiles)
        resolved = checks.resolve(config, source)
        tables = resolved["models"]["table"]
        table = models_table.read_models(
            [
                own_file(path)
                for path in ([tables] if isinstance(tables, str) else tables)
            ],
            resolved["models"]["select"],
        )
        checks.check_models(resolved, table)
        checks.check_changes(resolved, table)
    except InputError as error:
        print(f"synthwire: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    config.clear()
    config.update(resolved)
    return table


TABLE = check_configuration()
ROWS = TABLE.drop(columns=["weights_of", "changes"]).to_dict("index")
CHANGES = TABLE["changes"].to_dict()
WEIGHTS_OF = TABLE["weights_of"].to_dict()
# Rows that take the config as it stands.
PLAIN_ROWS = {model: row for model, row in ROWS.items() if not CHANGES[model]}

RUN = f"results/{config['name']}"
# A run may use the data set and the trained models of another one.
MODELS_RUN = f"results/{config['models_from'] or config['name']}"

AUTHORS_LAYOUT = config["dataset"]["authors_layout"]
TRAINING_PART, VALIDATION_PART = checks.parts_of(config)
VOLUMES = config["dataset"]["volumes"]
SCENES = TRAINING_PART + VALIDATION_PART
# Volumes of the user's own lie in one folder: one shard.
SHARDS = shards(
    {
        **config["structures"],
        "scenes": SCENES,
        **({"scenes_per_shard": SCENES} if VOLUMES else {}),
    }
)
CLASSES = categories(config["structures"])
TRAINED_BASE = config["training"]["initial_weights"] == "base"
MODELS = [*(["base"] if TRAINED_BASE else []), *ROWS]
TRAINED = [model for model in MODELS if WEIGHTS_OF.get(model, model) == model]
# Models from elsewhere: applied and evaluated, not trained.
EVALUATED = config["models"]["evaluated"]
CHANGES |= {
    model: {"architecture": entry["architecture"]} for model, entry in EVALUATED.items()
}
SIZES = sorted(
    {row["dataset_size"] for row in ROWS.values()}
    | ({config["training"]["base"]["dataset_size"]} if TRAINED_BASE else set())
)
IMAGE_SETS = ["synthetic", *config["image_sets"]]
# None: images go to the networks as they are, whatever their pixel size.
TRAINED_PIXEL_NM = (
    config["structures"]["voxel_size_nm"]
    if config["prediction"]["match_pixel_size"]
    else None
)


wildcard_constraints:
    model="[A-Za-z0-9][A-Za-z0-9_-]*",
    images="[A-Za-z0-9][A-Za-z0-9_-]*",
    shard=r"\d+",


# Files of the library that shape no result: an edit of one of them runs nothing again.
SHAPING_NOTHING = {
    LIBRARY / name
    for name in (
        "__init__.py",
        "errors.py",
        "io/checksums.py",
        "version.py",
        "runtime/__init__.py",
        "runtime/imports.py",
        "runtime/job.py",
        "runtime/locking.py",
        "runtime/progress.py",
        "runtime/records.py",
        "runtime/threads.py",
    )
}


def library_of(script, without=""):
    """Library files that shape what a script writes: an edit of one runs the rule again.

    They follow from the script's imports; without: a room that has no part in this run's result.
    """
    path = ROOT / "workflow" / "scripts" / f"{script}.py"
    return [
        os.path.relpath(file)
        for file in library_files(path)
        if file not in SHAPING_NOTHING
        and not (without and file.is_relative_to(LIBRARY / without))
    ]


def settings_without(section, *leave_out):
    """A section of the config without the fields that change no result."""
    return {
        key: value for key, value in config[section].items() if key not in leave_out
    }


def settings_of(section, model, *leave_out):
    """A section of the config with what the model's row changes in it."""
    return models_table.with_changes(
        settings_without(section, *leave_out), CHANGES.get(model, {}).get(section, {})
    )


def volume_folder(wildcards):
    """The folder with a shard's volumes: generated, or the user's own."""
    return VOLUMES or f"{MODELS_RUN}/structures/{wildcards.shard}"


def image_folders(wildcards):
    """The folders of all shards' images."""
    return expand(f"{MODELS_RUN}/images/{{shard}}", shard=SHARDS)


def row_of(model):
    """The model table's row of a model; of the base, what stands in the config."""
    return config["training"]["base"] if model == "base" else ROWS[model]


def plan_of(wildcards):
    """What a model's training does, after the config's scaling."""
    training = settings_of("training", wildcards.model)
    if wildcards.model == "base":
        return plan.plan_base(training)._asdict()
    return plan.plan_row(ROWS[wildcards.model], training)._asdict()


def trained_weights(wildcards):
    """A model's weights: of its own training, of the row that it shares them with, or given."""
    if wildcards.model in EVALUATED:
        return weights_from(EVALUATED[wildcards.model]["weights"])
    trained = WEIGHTS_OF.get(wildcards.model, wildcards.model)
    return f"{MODELS_RUN}/models/{trained}/model_final.pth"


def device(wildcards, threads):
    """Where networks compute. It shapes no result, so a change of it must run nothing again:
    Snakemake compares no parameter that depends on `threads` with the last run's.
    """
    return config["training"]["device"]


def files_of_image_set(wildcards):
    """What an image set is made of: a user's files, or our outlines of a published image."""
    entry = config["image_sets"][wildcards.images]
    if entry["source"] == "published":
        names = ["published_images.tsv", f"annotations/{entry['published']}.json"]
        return [own_file(f"resources/{name}") for name in names]
    return checks.files_of_image_set(entry)


def nms_threshold(wildcards):
    """RPN.NMS_THRESH of a model."""
    if wildcards.model in EVALUATED:
        return EVALUATED[wildcards.model]["nms"]
    return row_of(wildcards.model)["nms"]


def weights_from(choice):
    """The file behind a path in the config or the word `bundled`."""
    return os.path.relpath(weights.bundled().weights) if choice == "bundled" else choice


def training_threads(wildcards):
    """All cores for the base, which everything waits for; for a row what the config says."""
    own = None if wildcards.model == "base" else config["training"]["threads"]
    return own or ALL_CORES


def validation_images(wildcards):
    """What a training is measured on while it runs: nothing where the config asks for none."""
    if config["training"]["validation_period"] == 0:
        return []
    return rules.split_dataset.output.validation


def initial_weights(wildcards):
    """Where a row's training starts: a file, or nothing for random numbers."""
    if wildcards.model == "base":
        return []
    return start_from(config["training"]["initial_weights"])


def start_from(choice):
    """The file behind a choice of initial weights, or nothing for random numbers."""
    if choice == "scratch":
        return []
    if choice == "coco":
        return rules.fetch_weights.output
    if choice == "base":
        return f"{MODELS_RUN}/models/base/model_final.pth"
    return weights_from(choice)


FIGURE_FORMATS = [".pdf", ".svg", ".png", ".csv", ".json"]


def figure(name):
    """Files of one figure: vector, vector, pixels, its data, and the facts of its caption."""
    return multiext(f"{RUN}/figures/{name}", *FIGURE_FORMATS)


def of_every_row(kind, images, suffix):
    """One kind of result of all rows of the model table on one image set."""
    return expand(f"{RUN}/{kind}/{{model}}/{images}.{suffix}", model=ROWS)


def has_volumes(number):
    """Whether a figure's data exist: Figure 2 shows a volume, which an imported data set lacks."""
    return number != 2 or AUTHORS_LAYOUT is None


def notes_settings():
    """Settings of all notes; one line and exit code 1 when something is wrong."""
    try:
        return read_notes(own_file("config/supplement"), config["supplement"])
    except InputError as error:
        print(f"synthwire: {error}", file=sys.stderr, flush=True)
        sys.exit(1)


def note_table(name):
    """Files of a note's table."""
    return multiext(f"{RUN}/tables/{name}", ".csv", ".json", ".md", ".tex")


def of_rows(settings):
    """What a function of wildcards says of each row of the model table."""
    return [settings(SimpleNamespace(model=model)) for model in ROWS]
