"""Draw Figure 12: precision against recall of the best model of each image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.precision_recall import draw_precision_recall
from synthwire.job import job

with job(snakemake.log[0]):
    best, models = sources.best_of_each_set(snakemake.input.evaluations, snakemake.params.labels)
    curves = {label: evaluation["precision_recall"] for label, evaluation in best.items()}
    style.save(draw_precision_recall(curves, models), Path(snakemake.output[0]).with_suffix(""))
