"""Compress the volumes of one shard to optical-density images and masks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.job import job
from synthwire.optics import compress_shard
from synthwire.progress import progress_bar

with job(snakemake.log[0]):
    compress_shard(
        Path(snakemake.input.structures),
        Path(snakemake.output[0]),
        snakemake.params.settings,
        snakemake.params.classes,
        progress=lambda volumes: progress_bar(volumes, f"images {snakemake.wildcards.shard}"),
    )
