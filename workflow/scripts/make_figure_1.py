"""Draw Figure 1: the image sets of Tables 2–4 and their outlines."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.overview import draw_overview
from synthwire.job import job

with job(snakemake.log[0]):
    pictures = [sources.read_image_set(folder)[0] for folder in snakemake.input.sets]
    style.save(draw_overview(pictures), Path(snakemake.output[0]).with_suffix(""))
