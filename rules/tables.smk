TABLES = ["table1", "table2", "table3", "table4", "supplementary_table1"]


rule make_tables:
    input:
        evaluations=expand(
            f"{RUN}/evaluation/{{model}}/{{images}}.json", model=MODELS, images=IMAGE_SETS
        ),
        published=multiext(
            "resources/paper/", "table1.tsv", "table2.tsv", "table3.tsv", "table4.tsv"
        ),
        footnotes="resources/paper/footnotes.tsv",
        library=modules("tables.py"),
    output:
        expand(f"{RUN}/tables/{{table}}.{{format}}", table=TABLES, format=["csv", "md", "tex"]),
    log:
        f"{RUN}/logs/make_tables.log",
    benchmark:
        f"{RUN}/benchmarks/make_tables.tsv"
    params:
        evaluations=f"{RUN}/evaluation",
        rows=list(ROWS.values()),
        models=MODELS,
        image_sets=config["image_sets"],
        shown=config["tables"],
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../envs/analysis.yaml"
    script:
        "../workflow/scripts/make_tables.py"
