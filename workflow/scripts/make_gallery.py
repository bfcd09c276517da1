"""Draw every shape and every preset of the generator."""

from pathlib import Path

from synthwire.figures.gallery import draw_gallery, make_exhibit, shape_settings
from synthwire.figures.kit import style
from synthwire.runtime.job import job
from synthwire.structures import settings
from synthwire.structures.shapes import SHAPES

with job(snakemake.log[0], snakemake.input, snakemake.output):
    seed = snakemake.params.seed
    shapes = [make_exhibit(name, shape_settings(name), seed) for name in SHAPES]
    style.save(draw_gallery(shapes), Path(snakemake.output.shapes[0]).with_suffix(""))
    presets = [
        make_exhibit(name, {"preset": name, "scenes": 1}, seed) for name in settings.presets()
    ]
    style.save(draw_gallery(presets, columns=1), Path(snakemake.output.presets[0]).with_suffix(""))
