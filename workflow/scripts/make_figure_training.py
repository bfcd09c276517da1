"""Draw the loss curves of all trainings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.training import draw_training, read_metrics
from synthwire.files import read_json
from synthwire.job import job

with job(snakemake.log[0]):
    metrics = dict(
        zip(snakemake.params.models, map(read_metrics, snakemake.input.metrics), strict=True)
    )
    evaluations = {
        model: read_json(path)
        for model, path in zip(snakemake.params.rows, snakemake.input.evaluations, strict=True)
        if model in metrics  # others use another one's weights
    }
    highlight = [*(["base"] if "base" in metrics else []), sources.best_model(evaluations)]
    style.save(draw_training(metrics, highlight), Path(snakemake.output[0]).with_suffix(""))
