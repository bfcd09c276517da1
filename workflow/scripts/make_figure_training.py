"""Draw the loss curves of all trainings."""

from pathlib import Path

from synthwire.figures.kit import sources, style
from synthwire.figures.loss_curves import draw_loss_curves, read_metrics
from synthwire.io.files import read_json
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
    metrics = dict(
        zip(snakemake.params.models, map(read_metrics, snakemake.input.metrics), strict=True)
    )
    evaluations = {
        model: read_json(path)
        for model, path in zip(snakemake.params.rows, snakemake.input.evaluations, strict=True)
        if model in metrics  # others use another one's weights
    }
    highlight = [*(["base"] if "base" in metrics else []), sources.best_model(evaluations)]
    style.save(draw_loss_curves(metrics, highlight), Path(snakemake.output[0]).with_suffix(""))
