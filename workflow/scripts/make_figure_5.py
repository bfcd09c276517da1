"""Draw Figures 5, 7 and 9: distributions of particle measures on an image set."""

from pathlib import Path

import pandas as pd

from synthwire.datasets import annotated_images
from synthwire.figures.kit import sources, style
from synthwire.figures.particle_statistics import draw_particle_statistics
from synthwire.io.files import read_json
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    models = snakemake.params.models
    evaluations = dict(zip(models, map(read_json, snakemake.input.evaluations), strict=True))
    statistics = dict(zip(models, snakemake.input.statistics, strict=True))
    picture = annotated_images.read_image_set(snakemake.input.image_set)[0]
    model = sources.best_model(evaluations)
    drawing = draw_particle_statistics(
        pd.read_csv(statistics[model]),
        picture.label,
        model,
        pixel_size_assumed=picture.pixel_size_assumed,
    )
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
