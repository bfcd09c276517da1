"""Draw every shape and every preset of the generator."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire import structures
from synthwire.figures import style
from synthwire.figures.gallery import draw_gallery, make_exhibit, shape_settings
from synthwire.job import job
from synthwire.shapes import SHAPES

with job(snakemake.log[0]):
    seed = snakemake.params.seed
    shapes = [make_exhibit(name, shape_settings(name), seed) for name in SHAPES]
    style.save(draw_gallery(shapes), Path(snakemake.output.shapes[0]).with_suffix(""))
    presets = [
        make_exhibit(name, {"preset": name, "scenes": 1}, seed) for name in structures.presets()
    ]
    style.save(draw_gallery(presets, columns=1), Path(snakemake.output.presets[0]).with_suffix(""))
