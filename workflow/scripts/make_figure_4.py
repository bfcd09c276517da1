"""Draw Figures 4, 6 and 8: the best model's masks on an image set."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.figures.kit import style
from synthwire.figures.prediction import draw_best_prediction
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    drawing = draw_best_prediction(
        annotated_images.read_image_set(snakemake.input.image_set),
        dict(zip(snakemake.params.models, snakemake.input.evaluations, strict=True)),
        dict(zip(snakemake.params.models, snakemake.input.predictions, strict=True)),
        score=snakemake.params.score,
        pixel_colours=snakemake.params.pixel_colours,
    )
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
