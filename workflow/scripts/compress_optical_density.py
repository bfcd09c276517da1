"""Make images and masks of the volumes of one shard: optical density, or the config's domains."""

from pathlib import Path

from synthwire.imaging.shard import image_shard
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0], snakemake.input, snakemake.output):
    image_shard(
        Path(snakemake.input.structures),
        Path(snakemake.output[0]),
        snakemake.params.settings,
        snakemake.params.classes,
        domains=snakemake.params.domains,
        seed=snakemake.params.seed,
        progress=lambda volumes: progress_bar(volumes, f"images {snakemake.wildcards.shard}"),
    )
