"""Draw Figure 3: the best model's masks on a synthetic validation image."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.prediction import draw_best_prediction
from synthwire.job import job

with job(snakemake.log[0]):
    pictures = sources.read_synthetic(
        snakemake.input.validation,
        Path(snakemake.input.images[0]).parent,
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
