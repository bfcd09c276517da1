"""Write Tables 1–4 and the list of all models on all image sets."""

from pathlib import Path

import pandas as pd

from synthwire.io.files import read_json
from synthwire.runtime.job import job
from synthwire.study.study import Study
from synthwire.study.table_files import write_table
from synthwire.study.tables import build_tables
from synthwire.study.verdict import build_verdict

with job(snakemake.log[0], snakemake.input, snakemake.output):
    evaluations: dict[str, dict] = {}
    for result in map(read_json, snakemake.input.evaluations):
        evaluations.setdefault(result["model"], {})[result["images"]] = result
    study = Study(
        evaluations,
        pd.DataFrame(snakemake.params.rows),
        Path(snakemake.input.footnotes).parent,
        {int(key.removeprefix("table")): name for key, name in snakemake.params.shown.items()},
        snakemake.params.image_sets,
        snakemake.params.start,
        snakemake.params.looks,
    )
    tables = build_tables(study) | build_verdict(study, level=snakemake.params.level)
    folder = Path(snakemake.output[0]).parent
    for name, table in tables.items():
        write_table(table, folder / name)
