"""Evaluate one model on the synthetic validation images and on every image set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))

from synthwire.annotations import read_coco
from synthwire.evaluation import evaluate_predictions
from synthwire.files import atomic_path, read_json, write_json
from synthwire.job import job
from synthwire.statistics import compare_distributions, particle_statistics

with job(snakemake.log[0]):
    settings = snakemake.params.settings
    folders = {Path(folder).name: Path(folder) for folder in snakemake.input.microscopy}
    for images, predicted, evaluated, statistics in zip(
        snakemake.params.images,
        snakemake.input.predictions,
        snakemake.output.evaluations,
        snakemake.output.statistics,
        strict=True,
    ):
        truth = (
            Path(snakemake.input.validation)
            if images == "synthetic"
            else folders[images] / "annotations.json"
        )
        ground_truth, predictions = read_coco(truth), read_json(predicted)
        particles = particle_statistics(ground_truth, predictions, settings)
        with atomic_path(statistics) as temporary:
            particles.to_csv(temporary, index=False, float_format="%.6g")
        write_json(
            evaluated,
            {
                "model": snakemake.wildcards.model,
                "images": images,
                **evaluate_predictions(
                    ground_truth, predictions, settings, seed=snakemake.params.seed
                ),
                "distributions": compare_distributions(particles).to_dict("records"),
            },
        )
