# What changes no trained weight, and so must not retrain anything.
NOT_SHAPING = (
    "base",
    "device",
    "gpus",
    "cpu_processes",
    "images_per_process",
    "loader_workers",
    "checkpoint_period",
    "validation_period",
    "validation_images",
    "coco_weights_file",
    "threads",
)
TRAINING_MODULES = modules(
    "acceleration.py",
    "copy_paste.py",
    "dataset.py",
    "detectron.py",
    "mask_heads.py",
    "trainer.py",
    "training.py",
    "training_data.py",
)


localrules:
    fetch_weights,


rule fetch_weights:
    output:
        f"{MODELS_RUN}/weights/model_final_f10217.pkl",
    log:
        f"{MODELS_RUN}/logs/fetch_weights.log",
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        local_file=config["training"]["coco_weights_file"],
    script:
        "../workflow/scripts/fetch_weights.py"


rule train_base:
    input:
        dataset=f"{MODELS_RUN}/dataset/train_{config['training']['base']['dataset_size']}.json",
        images=image_folders,
        validation=validation_images,
        library=TRAINING_MODULES,
    output:
        weights=f"{MODELS_RUN}/models/base/model_final.pth",
        metrics=f"{MODELS_RUN}/models/base/metrics.json",
        provenance=f"{MODELS_RUN}/models/base/provenance.json",
    log:
        f"{MODELS_RUN}/logs/train_base.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/train_base.tsv"
    conda:
        "../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        gpu=config["training"]["gpus"],
        mem_mb=32000,
        runtime=600,
    params:
        architecture=config["architecture"],
        training=settings_without("training", *NOT_SHAPING),
        base=config["training"]["base"],
        seed=config["seed"],
        # Not an output: Snakemake deletes outputs of a job that fails, and a training goes on
        # from its checkpoints.
        checkpoints=f"{MODELS_RUN}/checkpoints/base",
    script:
        "../workflow/scripts/train_base.py"


rule train_model:
    input:
        dataset=lambda wildcards: (
            f"{MODELS_RUN}/dataset/train_{ROWS[wildcards.model]['dataset_size']}.json"
        ),
        images=image_folders,
        weights=initial_weights,
        validation=validation_images,
        library=TRAINING_MODULES,
    output:
        weights=f"{MODELS_RUN}/models/{{model}}/model_final.pth",
        metrics=f"{MODELS_RUN}/models/{{model}}/metrics.json",
        provenance=f"{MODELS_RUN}/models/{{model}}/provenance.json",
    log:
        f"{MODELS_RUN}/logs/train_model/{{model}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/train_model/{{model}}.tsv"
    wildcard_constraints:
        model="(?!base/)[A-Za-z0-9][A-Za-z0-9_-]*",
    conda:
        "../envs/learning.yaml"
    threads: config["training"]["threads"] or ALL_CORES
    resources:
        gpu=config["training"]["gpus"],
        mem_mb=32000,
        runtime=600,
    params:
        # The row itself, not the table: editing one row trains that one model again.
        row=model_row,
        architecture=lambda wildcards: settings_of("architecture", wildcards.model),
        training=lambda wildcards: settings_of(
            "training", wildcards.model, *NOT_SHAPING
        ),
        seed=config["seed"],
        checkpoints=f"{MODELS_RUN}/checkpoints/{{model}}",
    script:
        "../workflow/scripts/train_model.py"
