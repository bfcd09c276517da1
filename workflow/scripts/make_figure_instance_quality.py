"""Draw F1 against IoU, and AP by overlap and size, of each image set's best model."""

from pathlib import Path

from synthwire.figures.instance_quality import draw_instance_quality
from synthwire.figures.kit import sources, style
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    best, models = sources.best_of_each_set(snakemake.input.evaluations, snakemake.params.labels)
    drawing = draw_instance_quality(best, models, snakemake.params.area_limits_px)
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
