"""Split the images into nested training sets and a validation set."""

from pathlib import Path

from synthwire.datasets.split import split_dataset
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    split_dataset(
        [Path(folder) for folder in snakemake.input.images],
        {
            size: Path(path)
            for size, path in zip(snakemake.params.sizes, snakemake.output.train, strict=True)
        },
        Path(snakemake.output.validation),
        training=snakemake.params.parts[0],
        validation=snakemake.params.parts[1],
        drawn=snakemake.params.drawn,
        size_factor=snakemake.params.size_factor,
        seed=snakemake.params.seed,
    )
