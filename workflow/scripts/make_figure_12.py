"""Draw Figure 12: precision against recall of the best model of each image set."""

from pathlib import Path

from synthwire.figures.kit import sources, style
from synthwire.figures.precision_recall import draw_precision_recall
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    best, models = sources.best_of_each_set(snakemake.input.evaluations, snakemake.params.labels)
    curves = {label: evaluation["precision_recall"] for label, evaluation in best.items()}
    style.save(draw_precision_recall(curves, models), Path(snakemake.output[0]).with_suffix(""))
