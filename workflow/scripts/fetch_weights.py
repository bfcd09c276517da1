"""Fetch the COCO weights that the trainings start from."""

from pathlib import Path

from synthwire.learning.weights import fetch_coco_weights
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    local_file = snakemake.params.local_file
    fetch_coco_weights(Path(snakemake.output[0]), Path(local_file) if local_file else None)
