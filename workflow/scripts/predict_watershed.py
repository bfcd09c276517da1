"""Apply the tuned watershed to the synthetic validation images and to every image set."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.io.files import read_json, write_json
from synthwire.runtime.job import job
from synthwire.watershed import Watershed, apply_watershed

with job(snakemake.log[0]):
    parameters = Watershed(**read_json(snakemake.input.parameters)["parameters"])
    folders = {Path(folder).name: folder for folder in snakemake.input.microscopy}
    for output in map(Path, snakemake.output):
        pictures = (
            annotated_images.read_synthetic(
                snakemake.input.validation, Path(snakemake.input.images[0]).parent
            )
            if output.stem == "synthetic"
            else annotated_images.read_image_set(folders[output.stem])
        )
        images = ((picture.image_id, picture.pixels) for picture in pictures)
        write_json(output, apply_watershed(images, parameters, snakemake.params.score))
