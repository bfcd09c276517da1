"""Draw Figure 12: precision against recall of the best model of each image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.figures import sources, style
from synthwire.figures.precision_recall import draw_precision_recall
from synthwire.files import read_json
from synthwire.job import job

with job(snakemake.log[0]):
    evaluations: dict[str, dict] = {images: {} for images in snakemake.params.labels}
    for result in map(read_json, snakemake.input.evaluations):
        evaluations[result["images"]][result["model"]] = result
    curves, models = {}, {}
    for images, label in snakemake.params.labels.items():
        models[label] = sources.best_model(evaluations[images])
        curves[label] = evaluations[images][models[label]]["precision_recall"]
    style.save(draw_precision_recall(curves, models), Path(snakemake.output[0]).with_suffix(""))
