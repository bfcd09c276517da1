"""Draw Figure 2: a structure, its optical-density image and its masks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.synthesis import draw_synthesis
from synthwire.job import job
from synthwire.structures import read_volume

with job(snakemake.log[0]):
    picture = sources.read_synthetic(
        snakemake.input.validation,
        Path(snakemake.input.images[0]).parent,
        pixel_size_nm=snakemake.params.voxel_size_nm,
    )[0]
    volumes = [
        Path(folder) / f"scene_{picture.image_id:05d}.tif" for folder in snakemake.input.structures
    ]
    labels, _ = read_volume(next(path for path in volumes if path.is_file()))
    style.save(draw_synthesis(labels, picture), Path(snakemake.output[0]).with_suffix(""))
