localrules:
    report,


# A localrule: it asks Snakemake itself for the graph of the rules.
rule report:
    input:
        tables=rules.make_tables.output,
        figures=FIGURES,
        provenance=expand(
            f"{MODELS_RUN}/models/{{model}}/provenance.json", model=MODELS
        ),
        captions=[
            own_file(f"workflow/report/{path.name}")
            for path in sorted(Path(workflow.basedir, "workflow", "report").iterdir())
        ],
        library=modules("report.py"),
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
        snakefile=os.path.relpath(Path(workflow.basedir) / "Snakefile"),
    script:
        "../workflow/scripts/report.py"
