"""Generate the labelled volumes of one shard."""

from pathlib import Path

from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.structures.shard import generate_shard

with job(snakemake.log[0], snakemake.input, snakemake.output):
    generate_shard(
        snakemake.params.settings,
        snakemake.params.seed,
        snakemake.params.scenes,
        Path(snakemake.output[0]),
        progress=lambda scenes: progress_bar(scenes, f"structures {snakemake.wildcards.shard}"),
    )
