"""Apply one model to the synthetic validation images and to every image set."""

from pathlib import Path

import torch

from synthwire.datasets.annotated_images import read_image_set, read_synthetic
from synthwire.io.coco import read_coco
from synthwire.io.files import write_json
from synthwire.learning import network
from synthwire.learning.predict import load, predict, scale_of
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(snakemake.threads)
    predictor = load(
        Path(snakemake.input.weights),
        snakemake.params.architecture,
        snakemake.params.prediction,
        nms_threshold=snakemake.params.nms_threshold,
        precision=snakemake.params.prediction["precision"],
        device=network.device_name(snakemake.params.device),
        classes=snakemake.params.classes,
    )
    folders = {Path(folder).name: folder for folder in snakemake.input.microscopy}
    for output in map(Path, snakemake.output):
        scale = 1.0
        if output.stem == "synthetic":
            images = read_synthetic(read_coco(snakemake.input.validation), snakemake.input.images)
        else:
            images = read_image_set(folders[output.stem])
            if snakemake.params.trained_pixel_nm is not None:
                size = {"pixel_size_nm": images[0].pixel_size_nm}
                scale = scale_of(size, snakemake.params.trained_pixel_nm)
        name = f"predict {snakemake.wildcards.model} {output.stem}"
        pixels = ((image.image_id, image.pixels) for image in progress_bar(images, name))
        write_json(output, predict(predictor, pixels, scale))
