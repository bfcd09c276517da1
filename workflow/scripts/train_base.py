"""Train the shared base model that the rows of the model table start from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import torch
from synthwire.detectron import plan_base
from synthwire.job import job
from synthwire.training import train
from synthwire.validation import validation_of

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    training = {**snakemake.config["training"], **snakemake.params.training}
    plan = plan_base(training)
    shards = [Path(folder) for folder in snakemake.input.images]
    checkpoints = Path(snakemake.params.checkpoints)
    train(
        "base",
        snakemake.params.architecture,
        training,
        plan,
        dataset=Path(snakemake.input.dataset),
        shards=shards,
        weights=None,
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
