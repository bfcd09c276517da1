# Not part of `all`: `snakemake diagnosis` says which imaging condition a model fails on.
SIMULATED = [
    images
    for images, entry in config["image_sets"].items()
    if entry["source"] == "simulated"
]


rule diagnose:
    input:
        weights=expand(
            f"{MODELS_RUN}/models/{{model}}/model_final.pth", model=PLAIN_ROWS
        ),
        evaluations=expand(
            f"{RUN}/evaluation/{{model}}/synthetic.json", model=PLAIN_ROWS
        ),
        library=library_of("diagnose"),
    output:
        f"{RUN}/diagnosis/{{images}}.csv",
    log:
        f"{RUN}/logs/diagnose/{{images}}.log",
    benchmark:
        f"{RUN}/benchmarks/diagnose/{{images}}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: config["training"]["threads"] or ALL_CORES
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=60,
    params:
        entry=lambda wildcards: config["image_sets"][wildcards.images],
        rows=PLAIN_ROWS,
        architecture=config["architecture"],
        prediction=config["prediction"],
        trained_pixel_nm=TRAINED_PIXEL_NM,
        evaluation=config["evaluation"],
        classes=CLASSES,
        seed=config["seed"],
        device=device,
    message:
        "Image set {wildcards.images}: find the imaging condition that models fail on"
    script:
        "../workflow/scripts/diagnose.py"


rule make_figure_diagnosis:
    input:
        tables=expand(rules.diagnose.output, images=SIMULATED),
        library=library_of("make_figure_diagnosis"),
    output:
        figure("fig_diagnosis"),
    log:
        f"{RUN}/logs/make_figure_diagnosis.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels=[config["image_sets"][images]["label"] for images in SIMULATED],
    message:
        "Figure of imaging conditions: draw"
    script:
        "../workflow/scripts/make_figure_diagnosis.py"
