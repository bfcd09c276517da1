# The supplement: a target a note, and `supplement` for all. Settings: config/supplement.
rule note5:
    input:
        first=[
            own_file(f"resources/annotations/{key}.json")
            for key in NOTES["note5"]["sets"]
        ],
        second=[
            own_file(f"resources/annotations/{key}_second.json")
            for key in NOTES["note5"]["sets"]
        ],
        validation=rules.split_dataset.output.validation,
        library=library_of("make_note_5"),
    output:
        table=note_table("note5"),
        figure=figure("fig_note5"),
    log:
        f"{RUN}/logs/note5.log",
    benchmark:
        f"{RUN}/benchmarks/note5.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        labels=list(NOTES["note5"]["sets"].values()),
        sizes_px=NOTES["note5"]["sizes_px"],
        evaluation=config["evaluation"],
        seed=config["seed"],
    message:
        "Note 5, two annotators: compare"
    script:
        "../workflow/scripts/make_note_5.py"


rule calibration:
    input:
        evaluations=of_every_row("evaluation", "synthetic", "json"),
        predictions=[
            path
            for images in LABELS
            for path in of_every_row("predictions", images, "json")
        ],
        weights=of_rows(trained_weights),
        validation=rules.split_dataset.output.validation,
        images=image_folders,
        microscopy=[f"{RUN}/microscopy/{images}" for images in SHOWN.values()],
        library=library_of("make_calibration"),
    output:
        table=note_table("calibration"),
        figure=figure("fig_calibration"),
    log:
        f"{RUN}/logs/calibration.log",
    benchmark:
        f"{RUN}/benchmarks/calibration.tsv"
    conda:
        "../envs/learning.yaml"
    threads: config["training"]["threads"] or ALL_CORES
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=60,
    params:
        **NOTES["calibration"],
        models=list(ROWS),
        labels=LABELS,
        architectures=[settings_of("architecture", model) for model in ROWS],
        predictions=[settings_of("prediction", model) for model in ROWS],
        nms=of_rows(nms_threshold),
        trained_pixel_nm=TRAINED_PIXEL_NM,
        classes=len(CLASSES),
        device=device,
        evaluation=config["evaluation"],
    message:
        "Calibration: scores against precisions, flips, rows together, abstention"
    script:
        "../workflow/scripts/make_calibration.py"


rule note2:
    input:
        training=rules.tune_watershed.input.dataset,
        images=image_folders,
        validation=rules.split_dataset.output.validation,
        microscopy=[f"{RUN}/microscopy/{images}" for images in SHOWN.values()],
        evaluations=expand(
            f"{RUN}/evaluation/{{model}}/{{images}}.json",
            model=[*ROWS, "watershed"],
            images=LABELS,
        ),
        predictions=expand(
            f"{RUN}/predictions/{{model}}/{{images}}.json",
            model=[*ROWS, "watershed"],
            images=LABELS,
        ),
        library=library_of("make_note_2"),
    output:
        table=note_table("note2"),
        figure=figure("fig_note2"),
        parameters=f"{RUN}/baselines/tracing.json",
        search=f"{RUN}/baselines/tracing_search.csv",
    log:
        f"{RUN}/logs/note2.log",
    benchmark:
        f"{RUN}/benchmarks/note2.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        grid=NOTES["note2"],
        models=list(ROWS),
        labels=LABELS,
        voxel_size_nm=config["structures"]["voxel_size_nm"],
        evaluation=config["evaluation"],
        seed=config["seed"],
    message:
        "Note 2, wires traced through crossings: tune, apply, compare"
    script:
        "../workflow/scripts/make_note_2.py"


# The report with what the notes made; the run's own report shows what is there when it is made.
use rule report as supplement with:
    input:
        **rules.report.input,
        notes=[getattr(rules, name).output.table for name in NOTES if name not in UNFIT],
    output:
        f"{RUN}/supplement.html",
    log:
        f"{RUN}/logs/supplement.log",
    message:
        "Supplement: put together"
