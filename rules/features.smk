# What the pyramid of the model chosen on synthetic validation alone makes of the image of Table 2.
rule extract_features:
    input:
        weights=expand(
            f"{MODELS_RUN}/models/{{model}}/model_final.pth", model=PLAIN_ROWS
        ),
        evaluations=expand(
            f"{RUN}/evaluation/{{model}}/synthetic.json", model=PLAIN_ROWS
        ),
        image_set=f"{RUN}/microscopy/{config['tables']['table2']}",
        library=library_of("extract_features"),
    output:
        f"{RUN}/features/{config['tables']['table2']}.npz",
    log:
        f"{RUN}/logs/extract_features.log",
    benchmark:
        f"{RUN}/benchmarks/extract_features.tsv"
    conda:
        "../envs/learning.yaml"
    threads: config["training"]["threads"] or ALL_CORES
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=20,
    params:
        rows=PLAIN_ROWS,
        architecture=config["architecture"],
        prediction=config["prediction"],
        trained_pixel_nm=TRAINED_PIXEL_NM,
        classes=len(CLASSES),
        device=device,
    message:
        "Feature maps: compute those of the chosen model"
    script:
        "../workflow/scripts/extract_features.py"
