"""Draw Figure 2: a structure, its optical-density image and its masks."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.figures.kit import style
from synthwire.figures.synthesis import draw_synthesis
from synthwire.io.coco import read_coco
from synthwire.io.volumes import read_volume
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    picture = annotated_images.read_synthetic(
        read_coco(snakemake.input.validation),
        snakemake.input.images,
        pixel_size_nm=snakemake.params.voxel_size_nm,
    )[0]
    volumes = [
        Path(folder) / f"scene_{picture.image_id:05d}.tif" for folder in snakemake.input.structures
    ]
    labels, _ = read_volume(next(path for path in volumes if path.is_file()))
    style.save(draw_synthesis(labels, picture), Path(snakemake.output[0]).with_suffix(""))
