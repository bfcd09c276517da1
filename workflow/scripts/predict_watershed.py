"""Apply the tuned watershed to the synthetic validation images and to every image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.baselines import Watershed, apply_watershed
from synthwire.figures import sources
from synthwire.files import read_json, write_json
from synthwire.job import job

with job(snakemake.log[0]):
    parameters = Watershed(**read_json(snakemake.input.parameters)["parameters"])
    folders = {Path(folder).name: folder for folder in snakemake.input.microscopy}
    for output in map(Path, snakemake.output):
        pictures = (
            sources.read_synthetic(
                snakemake.input.validation, Path(snakemake.input.images[0]).parent
            )
            if output.stem == "synthetic"
            else sources.read_image_set(folders[output.stem])
        )
        images = ((picture.image_id, picture.pixels) for picture in pictures)
        write_json(output, apply_watershed(images, parameters, snakemake.params.score))
