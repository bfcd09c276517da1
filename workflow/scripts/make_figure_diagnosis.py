"""Draw AP against one imaging condition at a time."""

from pathlib import Path

import pandas as pd

from synthwire.figures.conditions import draw_conditions
from synthwire.figures.kit import style
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    tables = {
        label: pd.read_csv(path, dtype={"model": str})
        for label, path in zip(snakemake.params.labels, snakemake.input.tables, strict=True)
    }
    style.save(draw_conditions(tables), Path(snakemake.output[0]).with_suffix(""))
