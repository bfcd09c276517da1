# The watershed is tuned on training images alone, and then treated as one more model.
rule tune_watershed:
    input:
        dataset=f"{MODELS_RUN}/dataset/train_{SIZES[0]}.json",
        images=image_folders,
        library=library_of("tune_watershed"),
    output:
        parameters=f"{MODELS_RUN}/baselines/watershed.json",
        search=f"{MODELS_RUN}/baselines/watershed_search.csv",
    log:
        f"{MODELS_RUN}/logs/tune_watershed.log",
    benchmark:
        f"{MODELS_RUN}/benchmarks/tune_watershed.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=config["baselines"]["watershed"],
        evaluation=config["evaluation"],
    message:
        "Watershed: tune on training images"
    script:
        "../workflow/scripts/tune_watershed.py"


rule predict_watershed:
    input:
        parameters=rules.tune_watershed.output.parameters,
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        microscopy=expand(rules.prepare_microscopy.output, images=config["image_sets"]),
        library=library_of("predict_watershed"),
    output:
        expand(f"{RUN}/predictions/watershed/{{images}}.json", images=IMAGE_SETS),
    log:
        f"{RUN}/logs/predict_watershed.log",
    benchmark:
        f"{RUN}/benchmarks/predict_watershed.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        score=config["evaluation"]["accuracy_score"],
    message:
        "Watershed: segment all image sets"
    script:
        "../workflow/scripts/predict_watershed.py"
