"""Apply the tuned watershed to the synthetic validation images and to every image set."""

from pathlib import Path

from synthwire.datasets.annotated_images import read_image_set, read_synthetic
from synthwire.io.coco import read_coco
from synthwire.io.files import read_json, write_json
from synthwire.runtime.job import job
from synthwire.watershed import Watershed, apply_watershed

with job(snakemake.log[0], snakemake.input, snakemake.output):
    parameters = Watershed(**read_json(snakemake.input.parameters)["parameters"])
    folders = {Path(folder).name: folder for folder in snakemake.input.microscopy}
    for output in map(Path, snakemake.output):
        images = (
            read_synthetic(read_coco(snakemake.input.validation), snakemake.input.images)
            if output.stem == "synthetic"
            else read_image_set(folders[output.stem])
        )
        pixels = ((image.image_id, image.pixels) for image in images)
        write_json(output, apply_watershed(pixels, parameters, snakemake.params.score))
