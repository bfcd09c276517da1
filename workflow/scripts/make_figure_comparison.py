"""Draw the watershed beside the best model on a synthetic validation image."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.comparison import draw_comparison
from synthwire.figures.prediction import find_picture, median_image
from synthwire.files import read_json
from synthwire.job import job

with job(snakemake.log[0]):
    models = snakemake.params.models
    evaluations = dict(zip(models, map(read_json, snakemake.input.evaluations), strict=True))
    best = sources.best_model(evaluations)
    predictions = dict(zip(models, snakemake.input.predictions, strict=True))[best]
    pictures = sources.read_synthetic(
        snakemake.input.validation,
        Path(snakemake.input.images[0]).parent,
        pixel_size_nm=snakemake.params.voxel_size_nm,
    )
    drawing = draw_comparison(
        find_picture(pictures, median_image(evaluations[best])),
        {
            "Watershed": read_json(snakemake.input.watershed_predictions),
            f"Model {best}": read_json(predictions),
        },
        {
            "Watershed": read_json(snakemake.input.watershed_evaluation),
            f"Model {best}": evaluations[best],
        },
        score=snakemake.params.score,
    )
    drawing.facts["watershed"] = read_json(snakemake.input.watershed)
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
