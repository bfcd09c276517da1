# From a variant's structures to its evaluation, as rules/variants.smk says.
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
        weights=lambda wildcards: start_from(
            VARIANTS[wildcards.model].config["training"]["initial_weights"]
        ),
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
