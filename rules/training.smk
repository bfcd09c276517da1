localrules:
    fetch_weights,


rule fetch_weights:
    input:
        library=library_of("fetch_weights"),
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
    message:
        "Initial weights: fetch those trained on COCO"
    script:
        "../workflow/scripts/fetch_weights.py"


# Of a row of the model table, or of the base that the rows start from.
rule train_model:
    input:
        dataset=lambda wildcards: (
            f"{MODELS_RUN}/dataset/train_{row_of(wildcards.model)['dataset_size']}.json"
        ),
        images=image_folders,
        weights=initial_weights,
        validation=validation_images,
        # Not what the script imports: a training is dear, and most of that shapes no weight.
        library=[os.path.relpath(LIBRARY / name) for name in identity.SHAPING_FILES],
    output:
        weights=f"{MODELS_RUN}/models/{{model}}/model_final.pth",
        metrics=f"{MODELS_RUN}/models/{{model}}/metrics.json",
        provenance=f"{MODELS_RUN}/models/{{model}}/provenance.json",
    log:
        f"{MODELS_RUN}/logs/train_model/{{model}}.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/train_model/{{model}}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: training_threads
    resources:
        gpu=config["training"]["gpus"],
        mem_mb=32000,
        runtime=600,
    params:
        # What decides the weights; a change of it trains this model again, and no other.
        architecture=lambda wildcards: settings_of("architecture", wildcards.model),
        training=lambda wildcards: identity.shaping(
            settings_of("training", wildcards.model)
        ),
        plan=plan_of,
        seed=config["seed"],
        # How it is run: Snakemake compares no parameter that depends on `threads` with the last
        # run's.
        settings=lambda wildcards, threads: settings_of("training", wildcards.model),
        prediction=lambda wildcards, threads: config["prediction"],
        # Not an output: Snakemake deletes outputs of a job that fails, and a training goes on
        # from its checkpoints.
        checkpoints=f"{MODELS_RUN}/checkpoints/{{model}}",
    message:
        "Model {wildcards.model}: train"
    script:
        "../workflow/scripts/train_model.py"
