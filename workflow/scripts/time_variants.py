"""The time that our own models take for an image, on one core, beside the peers."""

from pathlib import Path

import torch
from PIL import Image

from synthwire.datasets.annotated_images import read_synthetic
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_path, write_json
from synthwire.learning.predict import load, predict
from synthwire.learning.timing import mosaic, seconds_an_image
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(1)
    params, given, made = snakemake.params, snakemake.input, snakemake.output
    images = read_synthetic(read_coco(given.dataset), given.images)
    picture = mosaic([image.pixels for image in images], params.side_px)
    with atomic_path(made.picture) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")
    times = {}
    for variant, weights in zip(params.variants, given.weights, strict=True):
        predictor = load(
            Path(weights),
            variant["architecture"],
            variant["prediction"],
            nms_threshold=variant["nms"],
            precision=variant["prediction"]["precision"],
            device="cpu",
            classes=params.classes,
        )
        times[variant["label"]] = seconds_an_image(
            lambda predictor=predictor: predict(predictor, [(0, picture)])
        )
    write_json(made.times, times)
