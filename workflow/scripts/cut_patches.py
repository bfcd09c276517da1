"""Cut annotated images into patches of the size of a training image."""

from pathlib import Path

from synthwire.datasets.patches import cut_patches
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    cut_patches(
        [Path(folder) for folder in snakemake.input.image_sets],
        Path(snakemake.output[0]),
        size_px=tuple(snakemake.params.size_px),
        pixel_size_nm=snakemake.params.pixel_size_nm,
        min_visible=snakemake.params.min_visible,
    )
