"""Store the feature pyramid of the best model on the first image of an image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import numpy as np
import torch
from synthwire import detectron
from synthwire.annotations import read_coco
from synthwire.figures import sources
from synthwire.files import atomic_path, read_json
from synthwire.inference import load, scale_of
from synthwire.job import job

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    rows, params = snakemake.params.rows, snakemake.params
    evaluations = dict(zip(rows, map(read_json, snakemake.input.evaluations), strict=True))
    best = sources.best_model(evaluations)
    training = snakemake.config["training"]
    predictor = load(
        Path(dict(zip(rows, snakemake.input.weights, strict=True))[best]),
        params.architecture,
        params.prediction,
        nms_threshold=detectron.plan_row(rows[best], training).nms_threshold,
        precision="float32",
        device=detectron.device_name(training["device"]),
        classes=params.classes,
    )
    scale = 1.0
    if params.trained_pixel_nm is not None:
        images = read_coco(Path(snakemake.input.image_set) / "annotations.json")["images"]
        scale = scale_of(images[0], params.trained_pixel_nm)
    levels = predictor.features(sources.read_image_set(snakemake.input.image_set)[0].pixels, scale)
    with atomic_path(snakemake.output[0]) as temporary:
        np.savez_compressed(
            temporary,
            model=best,
            **{name.upper(): level.astype(np.float16) for name, level in levels.items()},
        )
