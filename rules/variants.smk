# Variants of the supplement's notes: ordinary runs of structures → images → training → evaluation,
# each of which changes a few settings of this run (config/supplement). What two of them have in
# common, or one with the run itself, is made once.
from synthwire.config.variants import check_real, read_variants

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
# Notes whose variants do not fit this run, and why: nothing else needs to suffer from that.
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
    except InputError as error:
        UNFIT[note] = str(error)
VARIED = f"{MODELS_RUN}/supplement"
PATCHES = f"{VARIED}/patches"
# Image sets whose patches are learnt from (Note 3): other images than those that are tested on.
REAL = {
    **{
        f"{images}_patches": {**entry, "scenes": NOTES["note3"]["real"]["simulated"]}
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


def own_data(*sections, further=None):
    """The run's own folder and what decides its data; nothing where others have made them."""
    if VOLUMES or AUTHORS_LAYOUT is not None:
        return None
    return MODELS_RUN, (
        json.dumps(
            [{name: config[name] for name in sections}, config["seed"]], sort_keys=True
        ),
        further,
    )


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
                "truth": rules.split_dataset.output.validation,
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


use rule generate_structures as generate_variant_structures with:
    output:
        directory(f"{VARIED}/{{model}}/structures/{{shard}}"),
    log:
        f"{MODELS_RUN}/logs/generate_variant_structures/{{model}}/{{shard}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/generate_variant_structures/{{model}}/{{shard}}.tsv"
    params:
        settings=lambda wildcards: {
            name: value
            for name, value in VARIANTS[wildcards.model].config["structures"].items()
            if name not in ("scenes", "scenes_per_shard")
        },
        scenes=lambda wildcards: variant_shards(wildcards.model)[wildcards.shard],
        seed=variant_seed,
    message:
        "Structures of {wildcards.model}, shard {wildcards.shard}: place the particles"


rule compress_variant_images:
    input:
        structures=lambda wildcards: (
            f"{STRUCTURES[wildcards.model]}/structures/{wildcards.shard}"
        ),
        library=library_of("compress_optical_density"),
    output:
        directory(f"{VARIED}/{{model}}/images/{{shard}}"),
    log:
        f"{MODELS_RUN}/logs/compress_variant_images/{{model}}/{{shard}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/compress_variant_images/{{model}}/{{shard}}.tsv"
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=variant_settings("compression"),
        domains=lambda wildcards: VARIANTS[wildcards.model].config["imaging"]["domains"],
        classes=variant_classes,
        seed=variant_seed,
    message:
        "Images of {wildcards.model}, shard {wildcards.shard}: compress along z"
    script:
        "../workflow/scripts/compress_optical_density.py"


use rule split_dataset as split_variant with:
    input:
        images=variant_image_folders,
        library=library_of("split_dataset"),
    output:
        train=[f"{VARIED}/{{model}}/dataset/train.json"],
        validation=f"{VARIED}/{{model}}/dataset/val.json",
    log:
        f"{MODELS_RUN}/logs/split_variant/{{model}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/split_variant/{{model}}.tsv"
    params:
        size_factor=lambda wildcards: VARIANTS[wildcards.model].config["dataset"][
            "size_factor"
        ],
        parts=lambda wildcards: VARIANTS[wildcards.model].parts,
        drawn=True,
        sizes=lambda wildcards: [VARIANTS[wildcards.model].row["dataset_size"]],
        seed=variant_seed,
    message:
        "Data set of {wildcards.model}: split into training and validation"


use rule prepare_microscopy as prepare_real_images with:
    input:
        files=lambda wildcards: checks.files_of_image_set(REAL[wildcards.images]),
        library=library_of("prepare_microscopy"),
    output:
        directory(f"{VARIED}/real/{{images}}"),
    log:
        f"{MODELS_RUN}/logs/prepare_real_images/{{images}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/prepare_real_images/{{images}}.tsv"
    params:
        entry=lambda wildcards: REAL[wildcards.images],
        classes=CLASSES,
        seed=config["seed"],
        resources=own_file("resources"),
    message:
        "Images {wildcards.images} to learn from: prepare"


rule cut_patches:
    input:
        image_sets=expand(rules.prepare_real_images.output, images=REAL),
        library=library_of("cut_patches"),
    output:
        directory(PATCHES),
    log:
        f"{MODELS_RUN}/logs/cut_patches.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/cut_patches.tsv"
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        size_px=config["structures"]["domain"][:2],
        pixel_size_nm=config["structures"]["voxel_size_nm"],
        min_visible=config["structures"]["min_visible"],
    message:
        "Patches of real images: cut"
    script:
        "../workflow/scripts/cut_patches.py"


rule add_patches:
    input:
        dataset=lambda wildcards: f"{DATASETS[wildcards.model]}/dataset/train.json",
        patches=rules.cut_patches.output[0],
        library=library_of("add_patches"),
    output:
        f"{VARIED}/{{model}}/patched/train.json",
    log:
        f"{MODELS_RUN}/logs/add_patches/{{model}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/add_patches/{{model}}.tsv"
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        share=lambda wildcards: VARIANTS[wildcards.model].patches,
        seed=variant_seed,
    message:
        "{wildcards.model}: real patches among the training images"
    script:
        "../workflow/scripts/add_patches.py"


use rule train_model as train_variant with:
    input:
        dataset=variant_training_set,
        images=variant_training_images,
        weights=initial_weights,
        library=[os.path.relpath(LIBRARY / name) for name in identity.SHAPING_FILES],
    output:
        weights=f"{VARIED}/{{model}}/model_final.pth",
        metrics=f"{VARIED}/{{model}}/metrics.json",
        provenance=f"{VARIED}/{{model}}/provenance.json",
    log:
        f"{MODELS_RUN}/logs/train_variant/{{model}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/train_variant/{{model}}.tsv"
    threads: config["training"]["threads"] or ALL_CORES
    params:
        architecture=variant_settings("architecture"),
        training=lambda wildcards: identity.shaping(
            VARIANTS[wildcards.model].config["training"]
        ),
        plan=lambda wildcards: plan.plan_row(
            VARIANTS[wildcards.model].row, VARIANTS[wildcards.model].config["training"]
        )._asdict(),
        seed=variant_seed,
        settings=lambda wildcards, threads: {
            **VARIANTS[wildcards.model].config["training"],
            "validation_period": 0,
        },
        prediction=lambda wildcards, threads: config["prediction"],
        checkpoints=f"{MODELS_RUN}/checkpoints/supplement/{{model}}",
    message:
        "{wildcards.model}: train"


use rule prepare_microscopy as prepare_test_images with:
    output:
        directory(f"{RUN}/supplement/microscopy/{{number}}/{{images}}"),
    log:
        f"{RUN}/logs/prepare_test_images/{{number}}/{{images}}.log",
    benchmark:
        f"{RUN}/benchmarks/prepare_test_images/{{number}}/{{images}}.tsv"
    wildcard_constraints:
        number=r"\d+",
    params:
        entry=test_entry,
        classes=CLASSES,
        seed=config["seed"],
        resources=own_file("resources"),
    message:
        "Image set {wildcards.images}, {wildcards.number} images for the supplement: prepare"


rule evaluate_variant:
    input:
        weights=lambda wildcards: f"{TRAININGS[wildcards.model]}/model_final.pth",
        tests=files_of_tests,
        library=library_of("evaluate_variant"),
    output:
        directory(f"{RUN}/supplement/{{model}}/evaluation"),
    log:
        f"{RUN}/logs/evaluate_variant/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate_variant/{{model}}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: config["training"]["threads"] or ALL_CORES
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=60,
    params:
        nms_threshold=lambda wildcards: VARIANTS[wildcards.model].row["nms"],
        architecture=variant_settings("architecture"),
        prediction=variant_settings("prediction"),
        trained_pixel_nm=TRAINED_PIXEL_NM,
        classes=variant_classes,
        evaluation=config["evaluation"],
        seed=config["seed"],
        tests=lambda wildcards: tests_of(wildcards.model),
        device=device,
    message:
        "{wildcards.model}: segment its test images, evaluate"
    script:
        "../workflow/scripts/evaluate_variant.py"


def evaluations_of(note, key):
    """Folders of the evaluations of a variant, one a repetition."""
    return [
        f"{RUN}/supplement/{name}/evaluation"
        for name, variant in VARIANTS.items()
        if (variant.note, variant.key) == (note, key)
    ]


def kinds_of(note):
    """What a note on kinds of particles shows of each: outlines, images, and who finds what."""
    settings = NOTES[note]
    reference = settings["reference"]
    own = {it.key: it for it in VARIANTS.values() if it.note == note}
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


rule note1:
    input:
        files_of_kinds("note1"),
        library=library_of("make_note_classes"),
    output:
        table=note_table("note1"),
        figure=figure("fig_note1"),
    log:
        f"{RUN}/logs/note1.log",
    benchmark:
        f"{RUN}/benchmarks/note1.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        kinds=lambda wildcards: kinds_of("note1"),
        evaluation=config["evaluation"],
    message:
        "Note 1, spheres and agglomerates beside wires: compare"
    script:
        "../workflow/scripts/make_note_classes.py"


use rule note1 as note8 with:
    input:
        files_of_kinds("note8"),
        library=library_of("make_note_classes"),
    output:
        table=note_table("note8"),
        figure=figure("fig_note8"),
    log:
        f"{RUN}/logs/note8.log",
    benchmark:
        f"{RUN}/benchmarks/note8.tsv"
    params:
        kinds=lambda wildcards: kinds_of("note8"),
        evaluation=config["evaluation"],
    message:
        "Note 8, core-shell and hierarchical wires: compare"


def variants_of(note):
    """Variants of a note, of which each has a label and the folders of its evaluations."""
    own = {it.key: it for it in VARIANTS.values() if it.note == note}
    return {
        key: {"label": variant.label, "evaluations": evaluations_of(note, key)}
        for key, variant in own.items()
    }


def tests_of_note(note):
    """What the variants of a note are tested on, and what people call it."""
    first = next(it for it in VARIANTS.values() if it.note == note)
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


rule note4:
    input:
        evaluations=[
            path
            for key in NOTES["note4"]["variants"]
            for path in evaluations_of("note4", key)
        ],
        library=library_of("make_note_comparison"),
    output:
        table=note_table("note4"),
        figure=figure("fig_note4"),
    log:
        f"{RUN}/logs/note4.log",
    benchmark:
        f"{RUN}/benchmarks/note4.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        variants=lambda wildcards: variants_of("note4"),
        tests=lambda wildcards: tests_of_note("note4"),
        reference=NOTES["note4"]["reference"],
        heading="Learning rate",
        differences=False,
        level=config["evaluation"]["bootstrap_level"],
    message:
        "Note 4, smaller learning rates: compare"
    script:
        "../workflow/scripts/make_note_comparison.py"


use rule note4 as ablations with:
    input:
        evaluations=files_compared("ablations"),
        library=library_of("make_note_comparison"),
    output:
        table=note_table("ablations"),
        figure=figure("fig_ablations"),
    log:
        f"{RUN}/logs/ablations.log",
    benchmark:
        f"{RUN}/benchmarks/ablations.tsv"
    params:
        variants=lambda wildcards: variants_of("ablations"),
        tests=lambda wildcards: tests_of_note("ablations"),
        reference=NOTES["ablations"]["reference"],
        heading="Synthesis",
        differences=True,
        level=config["evaluation"]["bootstrap_level"],
    message:
        "Ablations of the synthesis: compare"


use rule note4 as note3 with:
    input:
        evaluations=files_compared("note3"),
        library=library_of("make_note_comparison"),
    output:
        table=note_table("note3"),
        figure=figure("fig_note3"),
    log:
        f"{RUN}/logs/note3.log",
    benchmark:
        f"{RUN}/benchmarks/note3.tsv"
    params:
        variants=lambda wildcards: variants_of("note3"),
        tests=lambda wildcards: tests_of_note("note3"),
        reference=NOTES["note3"]["reference"],
        heading="Real patches among the training images",
        differences=False,
        level=config["evaluation"]["bootstrap_level"],
    message:
        "Note 3, real patches among the training images: compare"


rule note7:
    input:
        dataset=f"{MODELS_RUN}/dataset/train_{SIZES[0]}.json",
        images=image_folders,
        weights=lambda wildcards: initial_weights(
            SimpleNamespace(model=next(iter(ROWS)))
        ),
        provenance=expand(
            f"{MODELS_RUN}/models/{{model}}/provenance.json",
            model=[model for model in ROWS if model in TRAINED],
        ),
        library=library_of("make_note_7"),
    output:
        table=note_table("note7"),
        figure=figure("fig_note7"),
    log:
        f"{RUN}/logs/note7.log",
    benchmark:
        f"{RUN}/benchmarks/note7.tsv"
    conda:
        "../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        mem_mb=16000,
        runtime=60,
    params:
        **NOTES["note7"],
        architecture=config["architecture"],
        training=config["training"],
        plan=lambda wildcards: plan.plan_row(VARIANT_ROW, config["training"])._asdict(),
        side_px=max(config["training"]["min_size_px"])
        or config["structures"]["domain"][0],
        paper_rows=list(
            {
                (row["epochs"], row["dataset_size"]): row
                for row in reversed(ROWS.values())
            }.values()
        )[::-1],
    message:
        "Note 7, time of training: measure"
    script:
        "../workflow/scripts/make_note_7.py"
