from synthwire.config import remarks

TABLES = [
    "table1",
    "table2",
    "table3",
    "table4",
    "supplementary_table1",
    "verdict",
    "published_numbers",
]


rule make_tables:
    input:
        evaluations=expand(
            f"{RUN}/evaluation/{{model}}/{{images}}.json",
            model=[*MODELS, *EVALUATED, "watershed"],
            images=IMAGE_SETS,
        ),
        published=[own_file(f"resources/paper/table{n}.tsv") for n in (1, 2, 3, 4)],
        footnotes=own_file("resources/paper/footnotes.tsv"),
        claims=own_file("resources/paper/claims.yaml"),
        library=library_of("make_tables"),
    output:
        expand(
            f"{RUN}/tables/{{table}}.{{format}}",
            table=TABLES,
            format=["csv", "json", "md", "tex"],
        ),
    log:
        f"{RUN}/logs/make_tables.log",
    benchmark:
        f"{RUN}/benchmarks/make_tables.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        rows=[
            {**row, "changes": models_table.describe_changes(CHANGES[model])}
            for model, row in ROWS.items()
        ],
        image_sets=config["image_sets"],
        shown=config["tables"],
        start=remarks.remark_on_start(config["training"]),
        looks=remarks.remark_on_prediction(config["prediction"]),
        level=config["evaluation"]["bootstrap_level"],
    message:
        "Tables: write, beside the published numbers"
    script:
        "../workflow/scripts/make_tables.py"
