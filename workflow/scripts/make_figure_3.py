"""Draw Figure 3: the best model's masks on a synthetic validation image."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.figures.kit import style
from synthwire.figures.prediction import draw_best_prediction
from synthwire.io.coco import read_coco
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    pictures = annotated_images.read_synthetic(
        read_coco(snakemake.input.validation),
        snakemake.input.images,
        pixel_size_nm=snakemake.params.voxel_size_nm,
    )
    drawing = draw_best_prediction(
        pictures,
        dict(zip(snakemake.params.models, snakemake.input.evaluations, strict=True)),
        dict(zip(snakemake.params.models, snakemake.input.predictions, strict=True)),
        score=snakemake.params.score,
        pixel_colours=snakemake.params.pixel_colours,
    )
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
