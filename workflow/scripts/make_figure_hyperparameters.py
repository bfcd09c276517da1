"""Draw AP against each hyperparameter of the model table."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

import pandas as pd
from synthwire.figures import style
from synthwire.figures.hyperparameters import draw_hyperparameters
from synthwire.files import read_json
from synthwire.job import job

with job(snakemake.log[0]):
    models = pd.DataFrame(snakemake.params.rows)
    rows: dict[str, list] = {images: [] for images in snakemake.params.labels}
    for result in map(read_json, snakemake.input.evaluations):
        rows[result["images"]].append({"model": result["model"], "ap": result["segm"]["ap"]})
    results = {
        label: pd.DataFrame(rows[images]) for images, label in snakemake.params.labels.items()
    }
    published = pd.read_csv(snakemake.input.published, sep="\t", dtype={"model": str}).rename(
        columns={"ap_segm": "paper_ap_segm"}
    )
    drawing = draw_hyperparameters(models, results, published=published)
    style.save(drawing, Path(snakemake.output[0]).with_suffix(""))
