"""Train one row of the model table."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import torch
from synthwire.detectron import plan_row
from synthwire.job import job
from synthwire.training import train
from synthwire.validation import validation_of

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    training = {**snakemake.config["training"], **snakemake.params.training}
    plan = plan_row(snakemake.params.row, training)
    shards = [Path(folder) for folder in snakemake.input.images]
    checkpoints = Path(snakemake.params.checkpoints)
    train(
        snakemake.wildcards.model,
        snakemake.params.architecture,
        training,
        plan,
        dataset=Path(snakemake.input.dataset),
        shards=shards,
        weights=Path(snakemake.input.weights) if snakemake.input.get("weights") else None,
        seed=snakemake.params.seed,
        checkpoints=checkpoints,
        output=Path(snakemake.output.weights).parent,
        validation=validation_of(
            snakemake.input.get("validation"),
            shards,
            training,
            snakemake.params.architecture,
            snakemake.config["prediction"],
            nms_threshold=plan.nms_threshold,
            folder=checkpoints,
        ),
    )
