"""Supplementary Notes 3 and 4 and the ablations: variants of one training side by side."""

from pathlib import Path

from synthwire.figures.kit import style
from synthwire.figures.supplement.comparison import draw_comparison
from synthwire.io.files import read_json
from synthwire.runtime.job import job
from synthwire.study.supplement.comparison_table import compare_variants, comparison_table
from synthwire.study.table_files import write_table

with job(snakemake.log[0], snakemake.input, snakemake.output):
    params = snakemake.params
    labels = {key: entry["label"] for key, entry in params.variants.items()}
    found = {
        key: [
            {test: read_json(f"{folder}/{test}.json") for test in params.tests}
            for folder in entry["evaluations"]
        ]
        for key, entry in params.variants.items()
    }
    rows = compare_variants(found, params.reference, params.level)
    said = {"heading": params.heading, "reference": params.reference}
    write_table(
        comparison_table(rows, labels, params.tests, **said, level=params.level),
        Path(snakemake.output.table[0]).with_suffix(""),
    )
    drawing = draw_comparison(rows, labels, params.tests, **said, differences=params.differences)
    style.save(drawing, Path(snakemake.output.figure[0]).with_suffix(""))
