"""Make images and masks of the volumes of one shard: optical density, or the config's domains."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.imaging import image_shard
from synthwire.job import job
from synthwire.progress import progress_bar

with job(snakemake.log[0]):
    image_shard(
        Path(snakemake.input.structures),
        Path(snakemake.output[0]),
        snakemake.params.settings,
        snakemake.params.classes,
        domains=snakemake.params.domains,
        seed=snakemake.params.seed,
        progress=lambda volumes: progress_bar(volumes, f"images {snakemake.wildcards.shard}"),
    )
