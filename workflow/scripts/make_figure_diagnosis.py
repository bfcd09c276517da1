"""Draw AP against one imaging condition at a time."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import pandas as pd
from synthwire.figures import style
from synthwire.figures.diagnosis import draw_diagnosis
from synthwire.job import job

with job(snakemake.log[0]):
    tables = {
        label: pd.read_csv(path, dtype={"model": str})
        for label, path in zip(snakemake.params.labels, snakemake.input.tables, strict=True)
    }
    style.save(draw_diagnosis(tables), Path(snakemake.output[0]).with_suffix(""))
