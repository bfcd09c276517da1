# The supplement's notes that are made of variants, and Note 7.
from operator import itemgetter


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


rule note4:
    input:
        evaluations=files_compared("note4"),
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
        **comparison("note4", "Learning rate", differences=False),
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
        **comparison("ablations", "Synthesis", differences=True),
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
        **comparison(
            "note3", "Real patches among the training images", differences=False
        ),
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
        paper_rows=sorted(
            {
                (row["epochs"], row["dataset_size"]): row
                for row in reversed(ROWS.values())
            }.values(),
            key=itemgetter("model"),
        ),
    message:
        "Note 7, time of training: measure"
    script:
        "../workflow/scripts/make_note_7.py"
