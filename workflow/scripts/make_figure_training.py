"""Draw the loss curves of all trainings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.training import draw_training, read_metrics
from synthwire.files import read_json
from synthwire.job import job

with job(snakemake.log[0]):
    evaluations = dict(
        zip(snakemake.params.rows, map(read_json, snakemake.input.evaluations), strict=True)
    )
    metrics = dict(
        zip(snakemake.params.models, map(read_metrics, snakemake.input.metrics), strict=True)
    )
    highlight = [*(["base"] if "base" in metrics else []), sources.best_model(evaluations)]
    style.save(draw_training(metrics, highlight), Path(snakemake.output[0]).with_suffix(""))
