"""Apply one model to the synthetic validation images and to every image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import torch
from synthwire import detectron
from synthwire.annotations import read_coco
from synthwire.dataset import locate_images
from synthwire.files import write_json
from synthwire.images import read_stack
from synthwire.inference import load, predict, read_scenes, scale_of
from synthwire.job import job
from synthwire.progress import progress_bar

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    predictor = load(
        Path(snakemake.input.weights),
        snakemake.params.architecture,
        snakemake.params.prediction,
        nms_threshold=snakemake.params.nms_threshold,
        precision=snakemake.params.prediction["precision"],
        device=detectron.device_name(snakemake.config["training"]["device"]),
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
