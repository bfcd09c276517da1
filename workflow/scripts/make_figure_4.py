"""Draw Figures 4, 6 and 8: the best model's masks on an image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.prediction import draw_best_prediction
from synthwire.job import job

with job(snakemake.log[0]):
    drawing = draw_best_prediction(
        sources.read_image_set(snakemake.input.image_set),
        dict(zip(snakemake.params.models, snakemake.input.evaluations, strict=True)),
        dict(zip(snakemake.params.models, snakemake.input.predictions, strict=True)),
        score=snakemake.params.score,
        pixel_colours=snakemake.params.pixel_colours,
    )
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
