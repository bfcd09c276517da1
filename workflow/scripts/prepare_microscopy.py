"""Prepare the images and outlines of one image set."""

import os
from pathlib import Path

from synthwire.datasets.image_sets.prepare import prepare_image_set
from synthwire.datasets.image_sets.published import FOLDER_VARIABLE
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0], snakemake.input, snakemake.output):
    prepare_image_set(
        snakemake.wildcards.images,
        snakemake.params.entry,
        Path(snakemake.output[0]),
        seed=snakemake.params.seed,
        microscopy_folder=os.environ.get(FOLDER_VARIABLE) or None,
        classes=snakemake.params.classes,
        resources=snakemake.params.resources,
        progress=lambda images: progress_bar(images, f"images {snakemake.wildcards.images}"),
    )
