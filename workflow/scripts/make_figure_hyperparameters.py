"""Draw AP against each hyperparameter of the model table."""

from pathlib import Path

import pandas as pd

from synthwire.figures.hyperparameters import collect_measures, draw_hyperparameters
from synthwire.figures.kit import sources, style
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    groups = sources.group_evaluations(snakemake.input.evaluations)
    measures = {
        label: collect_measures(groups[images]) for images, label in snakemake.params.labels.items()
    }
    published = pd.read_csv(snakemake.input.published, sep="\t", dtype={"model": str}).rename(
        columns={"ap_segm": "paper_ap_segm"}
    )
    drawing = draw_hyperparameters(
        pd.DataFrame(snakemake.params.rows), measures, published=published
    )
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
