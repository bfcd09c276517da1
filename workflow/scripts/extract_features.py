"""Store the feature pyramid of the best model on the first image of an image set."""

from pathlib import Path

import numpy as np
import torch

from synthwire.datasets import annotated_images
from synthwire.figures.kit import sources
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_path, read_json
from synthwire.learning import network
from synthwire.learning.predict import load, scale_of
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(snakemake.threads)
    rows, params = snakemake.params.rows, snakemake.params
    evaluations = dict(zip(rows, map(read_json, snakemake.input.evaluations), strict=True))
    best = sources.best_model(evaluations)
    predictor = load(
        Path(dict(zip(rows, snakemake.input.weights, strict=True))[best]),
        params.architecture,
        params.prediction,
        nms_threshold=rows[best]["nms"],
        precision="float32",
        device=network.device_name(params.device),
        classes=params.classes,
    )
    scale = 1.0
    if params.trained_pixel_nm is not None:
        images = read_coco(Path(snakemake.input.image_set) / "annotations.json")["images"]
        scale = scale_of(images[0], params.trained_pixel_nm)
    levels = predictor.features(
        annotated_images.read_image_set(snakemake.input.image_set)[0].pixels, scale
    )
    with atomic_path(snakemake.output[0]) as temporary:
        np.savez_compressed(
            temporary,
            model=best,
            **{name.upper(): level.astype(np.float16) for name, level in levels.items()},
        )
