"""Draw what the levels of the feature pyramid see."""

from pathlib import Path

import numpy as np

from synthwire.datasets import annotated_images
from synthwire.figures.feature_maps import draw_feature_maps
from synthwire.figures.kit import style
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    picture = annotated_images.read_image_set(snakemake.input.image_set)[0]
    with np.load(snakemake.input.features) as stored:
        model = str(stored["model"])
        levels = {name: stored[name] for name in stored.files if name != "model"}
    drawing = draw_feature_maps(picture, levels, model)
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
