"""Write one part of the data set in the authors' layout."""

from pathlib import Path

from synthwire.datasets.authors_layout import export_split
from synthwire.io.coco import read_coco
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0], snakemake.input, snakemake.output):
    export_split(
        [Path(folder) for folder in snakemake.input.images],
        Path(snakemake.output[0]),
        image_ids=[image["id"] for image in read_coco(snakemake.input.part)["images"]],
        progress=lambda shards: progress_bar(shards, f"export {snakemake.wildcards.part}"),
    )
