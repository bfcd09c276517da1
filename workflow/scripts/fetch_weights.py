"""Fetch the COCO weights that the trainings start from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.job import job
from synthwire.weights import fetch_coco_weights

with job(snakemake.log[0]):
    local_file = snakemake.params.local_file
    fetch_coco_weights(Path(snakemake.output[0]), Path(local_file) if local_file else None)
