"""Evaluate one model on the synthetic validation images and on every image set."""

from pathlib import Path

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_path, read_json, write_json
from synthwire.particles.distances import compare_distributions
from synthwire.particles.table import particle_statistics
from synthwire.runtime.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output):
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
