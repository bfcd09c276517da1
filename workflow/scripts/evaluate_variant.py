"""Apply a variant's model to its test images and evaluate what it finds."""

from pathlib import Path

import torch

from synthwire.datasets.annotated_images import read_image_set, read_synthetic
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_directory, write_json
from synthwire.learning import network
from synthwire.learning.predict import load, predict, scale_of
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(snakemake.threads)
    params, model = snakemake.params, snakemake.wildcards.model
    predictor = load(
        Path(snakemake.input.weights),
        params.architecture,
        params.prediction,
        nms_threshold=params.nms_threshold,
        precision=params.prediction["precision"],
        device=network.device_name(params.device),
        classes=len(params.classes),
    )
    with atomic_directory(snakemake.output[0]) as folder:
        for name, test in params.tests.items():
            truth, scale = read_coco(test["truth"]), 1.0
            if "folder" in test:
                images = read_image_set(test["folder"])
                if params.trained_pixel_nm is not None:
                    size = {"pixel_size_nm": images[0].pixel_size_nm}
                    scale = scale_of(size, params.trained_pixel_nm)
            else:
                images = read_synthetic(truth, test["folders"])
            pixels = (
                (image.image_id, image.pixels)
                for image in progress_bar(images, f"predict {model} {name}")
            )
            predictions = predict(predictor, pixels, scale)
            write_json(folder / f"{name}_predictions.json", predictions)
            found = evaluate_predictions(truth, predictions, params.evaluation, seed=params.seed)
            write_json(folder / f"{name}.json", {"model": model, "images": name, **found})
