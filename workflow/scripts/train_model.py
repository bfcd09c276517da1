"""Train one row of the model table, or the base that the rows start from."""

from pathlib import Path

import torch

from synthwire.learning.plan import Plan
from synthwire.learning.train import train
from synthwire.learning.validation import ValidationAP
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(snakemake.threads)
    params = snakemake.params
    plan = Plan(**params.plan)
    shards = [Path(folder) for folder in snakemake.input.images]
    checkpoints = Path(params.checkpoints)
    train(
        snakemake.wildcards.model,
        params.architecture,
        params.settings,
        plan,
        dataset=Path(snakemake.input.dataset),
        shards=shards,
        weights=Path(snakemake.input.weights) if snakemake.input.get("weights") else None,
        seed=params.seed,
        checkpoints=checkpoints,
        output=Path(snakemake.output.weights).parent,
        validation=ValidationAP.from_config(
            snakemake.input.validation,
            shards,
            params.settings,
            params.architecture,
            params.prediction,
            nms_threshold=plan.nms_threshold,
            folder=checkpoints,
        )
        if snakemake.input.get("validation")
        else None,
    )
