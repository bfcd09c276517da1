localrules:
    report,


# A localrule: it asks Snakemake itself for the graph of the rules. One file stands for all that a
# rule writes, since Snakemake prints every input.
rule report:
    input:
        tables=f"{RUN}/tables/verdict.json",
        figures=[path for path in FIGURES if path.endswith(".svg")],
        provenance=expand(
            f"{MODELS_RUN}/models/{{model}}/provenance.json", model=TRAINED
        ),
        captions=[
            own_file(f"workflow/report/{path.name}")
            for path in sorted((ROOT / "workflow" / "report").iterdir())
        ],
        library=library_of("report"),
    output:
        f"{RUN}/report.html",
    log:
        f"{RUN}/logs/report.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        config=config,
        snakefile=os.path.relpath(ROOT / "Snakefile"),
    message:
        "Report: put together"
    script:
        "../workflow/scripts/report.py"
