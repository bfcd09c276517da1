"""Draw Figure 1: the image sets of Tables 2–4 and their outlines."""

from pathlib import Path

from synthwire.datasets import annotated_images
from synthwire.figures.kit import style
from synthwire.figures.overview import draw_overview
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    pictures = [annotated_images.read_image_set(folder)[0] for folder in snakemake.input.sets]
    style.save(draw_overview(pictures), Path(snakemake.output[0]).with_suffix(""))
