# Variants of the supplement's notes: ordinary runs of structures → images → training → evaluation,
# each of which changes a few settings of this run (config/supplement). What two of them have in
# common, or one with the run itself, is made once.
from synthwire.config.variants import (
    OWN_ENVIRONMENT,
    check_peers,
    check_real,
    large_enough,
    made_from,
    read_variants,
)

NOTES = notes_settings()
# Image sets that the notes look at, and what people call them.
LABELS = {
    "synthetic": "Synthetic",
    **{images: config["image_sets"][images]["label"] for images in SHOWN.values()},
}
VARIANT_NOTES = [name for name, settings in NOTES.items() if "variants" in settings]


# The row that variants start from: the first of those with most images.
VARIANT_ROW = max(
    PLAIN_ROWS.values() or ROWS.values(), key=lambda row: row["dataset_size"]
)
# Notes whose variants do not fit this run, and why. Where the configuration changes the note, that is
# a mistake; else nothing but the note needs to suffer from it.
UNFIT = {}
VARIANTS = {}
for note in VARIANT_NOTES:
    try:
        VARIANTS |= read_variants(note, NOTES[note], config, VARIANT_ROW)
        if note == "note3":
            check_real(
                NOTES[note]["real"]["files"],
                config["image_sets"],
                Path(own_file("resources")),
            )
        if note == "peers":
            check_peers(NOTES[note]["peers"], ROOT)
    except InputError as error:
        if note in config["supplement"]:
            print(f"synthwire: {error}", file=sys.stderr, flush=True)
            sys.exit(1)
        UNFIT[note] = str(error)
VARIED = f"{MODELS_RUN}/supplement"
PATCHES = f"{VARIED}/patches"
# Image sets whose patches are learnt from (Note 3): other images than those that are tested on.
REAL = {
    **{
        f"{images}_patches": {
            **large_enough(entry, config["structures"]),
            "scenes": NOTES["note3"]["real"]["simulated"],
        }
        for images, entry in config["image_sets"].items()
        if entry["source"] == "simulated" and NOTES["note3"]["real"]["simulated"]
    },
    **NOTES["note3"]["real"]["files"],
}
if not REAL:
    UNFIT["note3"] = (
        "supplement.note3.real: no image set of this run is simulated; name images and outlines of "
        "your own under supplement.note3.real.files"
    )


def require_fit(note):
    """Say in one line why a note cannot be made of this run."""
    if note in UNFIT:
        print(f"synthwire: {UNFIT[note]}", file=sys.stderr, flush=True)
        raise InputError(UNFIT[note])


def first_alike(*sections, own=None, further=lambda variant: None):
    """Variant → folder of what follows from these sections: its own, or the first one's like it.

    own: the run's own folder and what it follows from, where variants can share it.
    """
    found = {own[1]: own[0]} if own else {}
    return {
        name: found.setdefault(
            (variant.made_from(*sections), further(variant)), f"{VARIED}/{name}"
        )
        for name, variant in VARIANTS.items()
    }


def own_data(*sections):
    """The run's own folder and what decides its data; nothing where others have made them."""
    if VOLUMES or AUTHORS_LAYOUT is not None:
        return None
    return MODELS_RUN, (made_from(config, config["seed"], sections), None)


STRUCTURES = first_alike("structures", own=own_data("structures"))
PICTURES = ("structures", "compression", "imaging")
VARIANT_IMAGES = first_alike(*PICTURES, own=own_data(*PICTURES))
DATASETS = first_alike(
    *PICTURES, "dataset", further=lambda variant: variant.row["dataset_size"]
)
TRAININGS = first_alike(
    *PICTURES,
    "dataset",
    "architecture",
    "training",
    further=lambda variant: json.dumps(
        [{**variant.row, "model": ""}, variant.patches], sort_keys=True
    ),
)


def variant_shards(model):
    """Scenes of each shard of a variant's structures."""
    return shards(VARIANTS[model].config["structures"])


def variant_image_folders(wildcards):
    """The folders of all shards' images of a variant."""
    folder = VARIANT_IMAGES[wildcards.model]
    return expand(f"{folder}/images/{{shard}}", shard=variant_shards(wildcards.model))


def variant_training_set(wildcards):
    """A variant's training images: those of its data set, perhaps with real patches."""
    if VARIANTS[wildcards.model].patches:
        return f"{VARIED}/{wildcards.model}/patched/train.json"
    return f"{DATASETS[wildcards.model]}/dataset/train.json"


def variant_training_images(wildcards):
    """The folders of a variant's training images."""
    patches = [PATCHES] if VARIANTS[wildcards.model].patches else []
    return [*variant_image_folders(wildcards), *patches]


def variant_settings(section):
    """A section of a variant's settings, as a parameter."""
    return lambda wildcards: VARIANTS[wildcards.model].config[section]


def variant_classes(wildcards):
    """The classes of a variant's particles."""
    return categories(VARIANTS[wildcards.model].config["structures"])


def variant_seed(wildcards):
    """The seed of a variant's data and training."""
    return VARIANTS[wildcards.model].seed


def test_entry(wildcards):
    """An image set of the run with as many images as a note wants."""
    return {**config["image_sets"][wildcards.images], "scenes": int(wildcards.number)}


def tests_of(model):
    """What a variant is tested on: name → outlines, folder of the image set or folders of images."""
    variant = VARIANTS[model]
    repetition = model.removeprefix(f"{variant.note}-{variant.key}")
    found = {}
    for test in variant.tests:
        if test == "synthetic":
            found[test] = {
                "truth": f"{MODELS_RUN}/dataset/val.json",
                "folders": image_folders({}),
            }
        elif test in config["image_sets"]:
            entry, number = (
                config["image_sets"][test],
                NOTES[variant.note]["test_images"],
            )
            folder = f"{RUN}/microscopy/{test}"
            if number and entry["source"] == "simulated" and number != entry["scenes"]:
                folder = f"{RUN}/supplement/microscopy/{number}/{test}"
            found[test] = {"truth": f"{folder}/annotations.json", "folder": folder}
        else:
            other = SimpleNamespace(model=f"{variant.note}-{test}{repetition}")
            found[test] = {
                "truth": f"{DATASETS[other.model]}/dataset/val.json",
                "folders": variant_image_folders(other),
            }
    return found


def files_of_tests(wildcards):
    """All files that a variant is tested on."""
    return [
        path
        for test in tests_of(wildcards.model).values()
        for path in (
            [test["folder"]] if "folder" in test else [test["truth"], *test["folders"]]
        )
    ]


def variants_in(note):
    """The variants of a note, by the names of their models."""
    return {name: it for name, it in VARIANTS.items() if it.note == note}


def evaluations_of(note, key):
    """Folders of the evaluations of a variant, one a repetition."""
    return [
        f"{RUN}/supplement/{name}/evaluation"
        for name, variant in variants_in(note).items()
        if variant.key == key
    ]


def kinds_of(note):
    """What a note on kinds of particles shows of each: outlines, images, and who finds what."""
    settings = NOTES[note]
    reference = settings["reference"]
    own = {it.key: it for it in variants_in(note).values()}
    return [
        {
            "key": key,
            "label": variant.label,
            "pixel_size_nm": variant.config["structures"]["voxel_size_nm"],
            **tests_of(variant.name)[key],
            "models": {
                own[name].label: evaluations_of(note, name)[0]
                for name in (key, reference)
                if name and key in own[name].tests
            },
        }
        for key, variant in own.items()
        if key != reference
    ]


def files_of_kinds(note):
    """All files that a note on kinds of particles is made of."""

    def files(wildcards):
        require_fit(note)
        return [
            path
            for kind in kinds_of(note)
            for path in (kind["truth"], *kind["folders"], *kind["models"].values())
        ]

    return files


def variants_of(note):
    """Variants of a note, of which each has a label and the folders of its evaluations."""
    own = {it.key: it for it in variants_in(note).values()}
    return {
        key: {"label": variant.label, "evaluations": evaluations_of(note, key)}
        for key, variant in own.items()
    }


def tests_of_note(note):
    """What the variants of a note are tested on, and what people call it."""
    first = next(iter(variants_in(note).values()))
    return {test: LABELS.get(test, test) for test in first.tests}


def files_compared(note):
    """The evaluations that a note compares."""

    def files(wildcards):
        require_fit(note)
        return [
            folder
            for variant in variants_of(note).values()
            for folder in variant["evaluations"]
        ]

    return files


def comparison(note, heading, *, differences):
    """Parameters of a note that compares its variants; heading: what they are."""
    return {
        "variants": lambda wildcards: variants_of(note),
        "tests": lambda wildcards: tests_of_note(note),
        "reference": NOTES[note]["reference"],
        "heading": heading,
        "differences": differences,
        "level": config["evaluation"]["bootstrap_level"],
    }
