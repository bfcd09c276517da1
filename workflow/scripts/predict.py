"""Apply one model to the synthetic validation images and to every image set."""

from pathlib import Path

import torch

from synthwire.datasets.annotated_images import locate_images, read_scenes
from synthwire.io.coco import read_coco
from synthwire.io.files import write_json
from synthwire.io.stacks import read_stack
from synthwire.learning import network
from synthwire.learning.predict import load, predict, scale_of
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar

with job(snakemake.log[0]):
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
    validation = read_coco(snakemake.input.validation)
    located = locate_images(validation, [Path(folder) for folder in snakemake.input.images])
    folders = {Path(folder).name: Path(folder) for folder in snakemake.input.microscopy}
    for output in map(Path, snakemake.output):
        scale = 1.0
        if output.stem == "synthetic":
            images = read_scenes(validation, located)
            count = len(located)
        else:
            folder = folders[output.stem]
            pages = read_stack(folder / "image.tif")
            records = read_coco(folder / "annotations.json")["images"]
            images = ((record["id"], pages[record["page"]]) for record in records)
            count = len(records)
            if snakemake.params.trained_pixel_nm is not None:
                scale = scale_of(records[0], snakemake.params.trained_pixel_nm)
        name = f"predict {snakemake.wildcards.model} {output.stem}"
        write_json(output, predict(predictor, progress_bar(images, name, total=count), scale))
