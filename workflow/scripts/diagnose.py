"""Measure a model's AP against one imaging condition at a time."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from functools import partial

import torch
from synthwire import detectron
from synthwire.diagnosis import diagnose
from synthwire.files import atomic_path, read_json
from synthwire.inference import load, scale_of
from synthwire.job import job
from synthwire.progress import progress_bar
from synthwire.structures import resolve_settings

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    # the model chosen on synthetic validation alone: what the sweep shows has not chosen it
    evaluations = map(read_json, snakemake.input.evaluations)
    weights = dict(zip(snakemake.params.rows, snakemake.input.weights, strict=True))
    best = max(evaluations, key=lambda result: result["segm"]["ap"] or 0)["model"]
    training = snakemake.config["training"]
    predictor = load(
        Path(weights[best]),
        snakemake.params.architecture,
        snakemake.params.prediction,
        nms_threshold=detectron.plan_row(snakemake.params.rows[best], training).nms_threshold,
        precision=snakemake.params.prediction["precision"],
        device=detectron.device_name(training["device"]),
        classes=len(snakemake.params.classes),
    )
    images = snakemake.wildcards.images
    scale = 1.0
    if snakemake.params.trained_pixel_nm is not None:
        voxel = resolve_settings(snakemake.params.entry["structures"])["voxel_size_nm"]
        scale = scale_of({"pixel_size_nm": voxel}, snakemake.params.trained_pixel_nm)
    table = diagnose(
        images,
        snakemake.params.entry,
        partial(predictor, scale=scale),
        snakemake.params.evaluation,
        seed=snakemake.params.seed,
        classes=snakemake.params.classes,
        progress=lambda steps: progress_bar(steps, f"diagnose {images}"),
    )
    table.insert(0, "model", best)
    with atomic_path(snakemake.output[0]) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
