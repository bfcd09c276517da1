"""Write Tables 1–4 and the list of all models on all image sets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import pandas as pd
from synthwire.files import read_json
from synthwire.job import job
from synthwire.study import Study
from synthwire.table_files import write_table
from synthwire.tables import build_tables
from synthwire.verdict import build_verdict

with job(snakemake.log[0]):
    evaluations: dict[str, dict] = {}
    for result in map(read_json, snakemake.input.evaluations):
        evaluations.setdefault(result["model"], {})[result["images"]] = result
    study = Study(
        evaluations,
        pd.DataFrame(snakemake.params.rows),
        Path(snakemake.input.footnotes).parent,
        {int(key.removeprefix("table")): name for key, name in snakemake.params.shown.items()},
        snakemake.params.image_sets,
    )
    tables = build_tables(study) | build_verdict(study, level=snakemake.params.level)
    folder = Path(snakemake.output[0]).parent
    for name, table in tables.items():
        write_table(table, folder / name)
