"""Draw the watershed beside the best model on a synthetic validation image."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.figures.kit import sources, style
from synthwire.figures.methods import draw_methods
from synthwire.figures.prediction import find_image, median_image
from synthwire.io.coco import read_coco
from synthwire.io.files import read_json
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    models = snakemake.params.models
    evaluations = dict(zip(models, map(read_json, snakemake.input.evaluations), strict=True))
    best = sources.best_model(evaluations)
    predictions = dict(zip(models, snakemake.input.predictions, strict=True))[best]
    pictures = annotated_images.read_synthetic(
        read_coco(snakemake.input.validation),
        snakemake.input.images,
        pixel_size_nm=snakemake.params.voxel_size_nm,
    )
    drawing = draw_methods(
        find_image(pictures, median_image(evaluations[best])),
        {
            "Watershed": read_json(snakemake.input.watershed_predictions),
            f"Model {best}": read_json(predictions),
        },
        {
            "Watershed": read_json(snakemake.input.watershed_evaluation),
            f"Model {best}": evaluations[best],
        },
        area_limits_px=snakemake.params.area_limits_px,
        score=snakemake.params.score,
    )
    drawing.facts["watershed"] = read_json(snakemake.input.watershed)
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
