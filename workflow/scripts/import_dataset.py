"""Import one shard of images in the layout of the authors' data set."""

from pathlib import Path

from synthwire.datasets.authors_layout import import_shard, list_split
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0], snakemake.input, snakemake.output):
    items = [item for folder in snakemake.input.folders for item in list_split(folder)]
    scenes = snakemake.params.scenes
    import_shard(
        [items[scene] for scene in scenes],
        Path(snakemake.output[0]),
        first_scene=scenes[0],
        classes=snakemake.params.classes,
        progress=lambda images: progress_bar(images, f"images {snakemake.wildcards.shard}"),
    )
