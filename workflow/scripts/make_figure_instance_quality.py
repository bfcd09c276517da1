"""Draw F1 against IoU, and AP by overlap and size, of each image set's best model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.instance_quality import draw_instance_quality
from synthwire.job import job

with job(snakemake.log[0]):
    best, models = sources.best_of_each_set(snakemake.input.evaluations, snakemake.params.labels)
    style.save(draw_instance_quality(best, models), Path(snakemake.output[0]).with_suffix(""))
