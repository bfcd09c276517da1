"""Prepare the images and outlines of one image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import os

from synthwire.job import job
from synthwire.microscopy import prepare_image_set
from synthwire.progress import progress_bar

with job(snakemake.log[0]):
    prepare_image_set(
        snakemake.wildcards.images,
        snakemake.params.entry,
        Path(snakemake.output[0]),
        seed=snakemake.params.seed,
        microscopy_folder=os.environ.get("SYNTHWIRE_MICROSCOPY") or None,
        classes=snakemake.params.classes,
        progress=lambda images: progress_bar(images, f"images {snakemake.wildcards.images}"),
    )
