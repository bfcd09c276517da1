"""Draw Figures 5, 7 and 9: distributions of particle measures on an image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import pandas as pd
from synthwire.figures import sources, style
from synthwire.figures.particle_statistics import draw_particle_statistics
from synthwire.files import read_json
from synthwire.job import job

with job(snakemake.log[0]):
    models = snakemake.params.models
    evaluations = dict(zip(models, map(read_json, snakemake.input.evaluations), strict=True))
    statistics = dict(zip(models, snakemake.input.statistics, strict=True))
    picture = sources.read_image_set(snakemake.input.image_set)[0]
    model = sources.best_model(evaluations)
    drawing = draw_particle_statistics(
        pd.read_csv(statistics[model]),
        picture.label,
        model,
        pixel_size_assumed=picture.pixel_size_assumed,
    )
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
