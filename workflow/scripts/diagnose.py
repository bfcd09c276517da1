"""Measure a model's AP against one imaging condition at a time."""

from functools import partial
from pathlib import Path

import torch

from synthwire.io.files import atomic_path, read_json
from synthwire.learning import network
from synthwire.learning.predict import load, scale_of
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.structures.settings import resolve_settings
from synthwire.study.diagnosis import diagnose

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(snakemake.threads)
    # the model chosen on synthetic validation alone: what the sweep shows has not chosen it
    evaluations = map(read_json, snakemake.input.evaluations)
    weights = dict(zip(snakemake.params.rows, snakemake.input.weights, strict=True))
    best = max(evaluations, key=lambda result: result["segm"]["ap"] or 0)["model"]
    predictor = load(
        Path(weights[best]),
        snakemake.params.architecture,
        snakemake.params.prediction,
        nms_threshold=snakemake.params.rows[best]["nms"],
        precision=snakemake.params.prediction["precision"],
        device=network.device_name(snakemake.params.device),
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
