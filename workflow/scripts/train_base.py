"""Train the shared base model that the rows of the model table start from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import torch
from synthwire.detectron import plan_base
from synthwire.job import job
from synthwire.training import train

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    train(
        "base",
        snakemake.params.architecture,
        snakemake.config["training"],
        plan_base(snakemake.config["training"]),
        dataset=Path(snakemake.input.dataset),
        shards=[Path(folder) for folder in snakemake.input.images],
        weights=None,
        seed=snakemake.params.seed,
        checkpoints=Path(snakemake.params.checkpoints),
        output=Path(snakemake.output.weights).parent,
    )
