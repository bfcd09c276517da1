"""Generate the labelled volumes of one shard."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.job import job
from synthwire.progress import progress_bar
from synthwire.structures import generate_shard

with job(snakemake.log[0]):
    generate_shard(
        snakemake.config["structures"],
        snakemake.params.seed,
        snakemake.params.scenes,
        Path(snakemake.output[0]),
        progress=lambda scenes: progress_bar(scenes, f"structures {snakemake.wildcards.shard}"),
    )
