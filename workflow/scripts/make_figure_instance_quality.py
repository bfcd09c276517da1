"""Draw F1 against IoU, and AP by overlap and size, of each image set's best model."""

from pathlib import Path

from synthwire.figures.instance_quality import draw_instance_quality
from synthwire.figures.kit import sources, style
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    best, models = sources.best_of_each_set(snakemake.input.evaluations, snakemake.params.labels)
    style.save(draw_instance_quality(best, models), Path(snakemake.output[0]).with_suffix(""))
