rule predict:
    input:
        weights=trained_weights,
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        microscopy=expand(rules.prepare_microscopy.output, images=config["image_sets"]),
        library=library_of("predict"),
    output:
        expand(f"{RUN}/predictions/{{{{model}}}}/{{images}}.json", images=IMAGE_SETS),
    log:
        f"{RUN}/logs/predict/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/predict/{{model}}.tsv"
    wildcard_constraints:
        model="(?!watershed/)[A-Za-z0-9][A-Za-z0-9_-]*",
    conda:
        "../envs/learning.yaml"
    threads: config["training"]["threads"] or ALL_CORES
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=60,
    params:
        nms_threshold=nms_threshold,
        architecture=lambda wildcards: settings_of("architecture", wildcards.model),
        prediction=lambda wildcards: settings_of("prediction", wildcards.model),
        trained_pixel_nm=TRAINED_PIXEL_NM,
        classes=len(CLASSES),
        device=device,
    message:
        "Model {wildcards.model}: segment all image sets"
    script:
        "../workflow/scripts/predict.py"


rule evaluate_model:
    input:
        predictions=rules.predict.output,
        validation=rules.split_dataset.output.validation,
        microscopy=expand(rules.prepare_microscopy.output, images=config["image_sets"]),
        library=library_of("evaluate_model"),
    output:
        evaluations=expand(
            f"{RUN}/evaluation/{{{{model}}}}/{{images}}.json", images=IMAGE_SETS
        ),
        statistics=expand(
            f"{RUN}/statistics/{{{{model}}}}/{{images}}.csv", images=IMAGE_SETS
        ),
    log:
        f"{RUN}/logs/evaluate_model/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate_model/{{model}}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=config["evaluation"],
        seed=config["seed"],
        images=IMAGE_SETS,
    message:
        "Model {wildcards.model}: evaluate on all image sets"
    script:
        "../workflow/scripts/evaluate_model.py"
