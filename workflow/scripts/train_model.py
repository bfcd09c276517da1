"""Train one row of the model table."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import torch
from synthwire.detectron import plan_row
from synthwire.job import job
from synthwire.training import train

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    train(
        snakemake.wildcards.model,
        snakemake.params.architecture,
        snakemake.config["training"],
        plan_row(snakemake.params.row, snakemake.config["training"]),
        dataset=Path(snakemake.input.dataset),
        shards=[Path(folder) for folder in snakemake.input.images],
        weights=Path(snakemake.input.weights) if snakemake.input.get("weights") else None,
        seed=snakemake.params.seed,
        checkpoints=Path(snakemake.params.checkpoints),
        output=Path(snakemake.output.weights).parent,
    )
