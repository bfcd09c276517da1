import os
import sys
from pathlib import Path

# Rules and scripts import the library from here, installed or not.
LIBRARY = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(LIBRARY))

from synthwire import configuration, structures as structure_settings, weights
from synthwire.errors import InputError

SCHEMAS = Path(workflow.basedir) / "config" / "schemas"

# For jobs that can use every core of the machine. Snakemake counts no cores on a cluster; there
# the profile's `set-threads` says how many.
ALL_CORES = workflow.resource_settings.cores or 1


def own_file(path):
    """A path in the working directory or, where it is not there, in the workflow's own folder."""
    own = Path(workflow.basedir) / path
    return os.path.relpath(own) if own.exists() and not os.path.exists(path) else path


def check_configuration():
    """Fill in defaults and check everything; one line and exit code 1 when something is wrong."""
    source = " + ".join(
        str(path).removeprefix(f"{os.getcwd()}/") for path in workflow.configfiles
    )
    try:
        resolved = configuration.resolve(config, SCHEMAS, source)
        tables = resolved["models"]["table"]
        table = configuration.read_models(
            [
                own_file(path)
                for path in ([tables] if isinstance(tables, str) else tables)
            ],
            SCHEMAS,
            resolved["models"]["select"],
        )
        configuration.check_models(resolved, table)
        configuration.check_changes(resolved, table, SCHEMAS)
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
TRAINING_PART, VALIDATION_PART = configuration.parts_of(config)
VOLUMES = config["dataset"]["volumes"]
SCENES = TRAINING_PART + VALIDATION_PART
# Volumes of the user's own lie in one folder: one shard.
SHARDS = structure_settings.shards(
    {
        **config["structures"],
        "scenes": SCENES,
        **({"scenes_per_shard": SCENES} if VOLUMES else {}),
    }
)
CLASSES = structure_settings.categories(config["structures"])
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


def modules(*names):
    """Library files that shape a rule's result: an edit of one of them runs the rule again."""
    return [os.path.relpath(LIBRARY / "synthwire" / name) for name in names]


EVALUATION_MODULES = [
    "detections.py",
    *(
        f"evaluation/{path.name}"
        for path in sorted((LIBRARY / "synthwire" / "evaluation").glob("*.py"))
    ),
]


def settings_without(section, *leave_out):
    """A section of the config without the fields that change no result."""
    return {
        key: value for key, value in config[section].items() if key not in leave_out
    }


def settings_of(section, model, *leave_out):
    """A section of the config with what the model's row changes in it."""
    return configuration.with_changes(
        settings_without(section, *leave_out), CHANGES.get(model, {}).get(section, {})
    )


def volume_folder(wildcards):
    """The folder with a shard's volumes: generated, or the user's own."""
    return VOLUMES or f"{MODELS_RUN}/structures/{wildcards.shard}"


def image_folders(wildcards):
    """The folders of all shards' images."""
    return expand(f"{MODELS_RUN}/images/{{shard}}", shard=SHARDS)


def model_row(wildcards):
    """The model table's row of a model; None for the base, which stands in the config."""
    return ROWS.get(wildcards.model)


def trained_weights(wildcards):
    """A model's weights: of its own training, of the row that it shares them with, or given."""
    if wildcards.model in EVALUATED:
        return weights_from(EVALUATED[wildcards.model]["weights"])
    trained = WEIGHTS_OF.get(wildcards.model, wildcards.model)
    return f"{MODELS_RUN}/models/{trained}/model_final.pth"


def nms_threshold(wildcards):
    """RPN.NMS_THRESH of a model."""
    if wildcards.model in EVALUATED:
        return EVALUATED[wildcards.model]["nms"]
    return ROWS.get(wildcards.model, config["training"]["base"])["nms"]


def weights_from(choice):
    """The file behind a path in the config or the word `bundled`."""
    return os.path.relpath(weights.bundled().weights) if choice == "bundled" else choice


def validation_images(wildcards):
    """What a training is measured on while it runs: nothing where the config asks for none."""
    if config["training"]["validation_period"] == 0:
        return []
    return rules.split_dataset.output.validation


def initial_weights(wildcards):
    """Where a row's training starts: a file, or nothing for random numbers."""
    choice = config["training"]["initial_weights"]
    if choice == "scratch":
        return []
    if choice == "coco":
        return rules.fetch_weights.output
    if choice == "base":
        return rules.train_base.output.weights
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
