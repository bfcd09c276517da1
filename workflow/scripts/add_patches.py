"""Put patches of real images in the place of some synthetic training images."""

from pathlib import Path

from synthwire.datasets.patches import add_patches
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    add_patches(
        Path(snakemake.input.dataset),
        Path(snakemake.input.patches),
        Path(snakemake.output[0]),
        share=snakemake.params.share,
        seed=snakemake.params.seed,
    )
