"""Supplementary Note 2: wires traced through crossings, beside the watershed and the best row."""

from pathlib import Path

from synthwire.datasets.annotated_images import read_image_set, read_synthetic
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.evaluation.lines import line_agreement
from synthwire.figures.kit import sources, style
from synthwire.figures.methods import draw_methods
from synthwire.figures.prediction import find_image, median_image
from synthwire.io.coco import read_coco
from synthwire.io.files import atomic_path, read_json, write_json
from synthwire.particles.distances import compare_distributions
from synthwire.particles.table import particle_statistics
from synthwire.runtime.job import job
from synthwire.runtime.progress import progress_bar
from synthwire.study.supplement.classical_table import classical_table
from synthwire.study.table_files import write_table
from synthwire.tracing import Tracing, apply_tracing, tune_tracing

with job(snakemake.log[0], snakemake.input, snakemake.output):
    params, given, made = snakemake.params, snakemake.input, snakemake.output
    training = read_coco(given.training)
    chosen = read_synthetic(training, given.images)[: params.grid["images"]]
    search = tune_tracing(
        [(image.image_id, image.pixels) for image in chosen],
        training,
        params.grid,
        params.evaluation,
        progress=lambda steps: progress_bar(steps, "tune tracing"),
    )
    with atomic_path(made.search) as temporary:
        search.to_csv(temporary, index=False, float_format="%.6g")
    best = search.iloc[0]
    parameters = Tracing(*(best[name] for name in Tracing._fields))

    folders = {Path(folder).name: Path(folder) for folder in given.microscopy}
    stored = Path(given.evaluations[0]).parents[1]
    predicted = Path(given.predictions[0]).parents[1]
    by_model = {model: read_json(stored / model / "synthetic.json") for model in params.models}
    model = sources.best_model(by_model)
    names = {"watershed": "Watershed", model: f"Model {model}"}
    evaluations: dict = {"Tracing": {}, **{name: {} for name in names.values()}}
    traced = {}
    for images, label in params.labels.items():
        synthetic = images == "synthetic"
        truth = read_coco(given.validation if synthetic else folders[images] / "annotations.json")
        pictures = (
            read_synthetic(truth, given.images, pixel_size_nm=params.voxel_size_nm)
            if synthetic
            else read_image_set(folders[images])
        )
        pixels = ((picture.image_id, picture.pixels) for picture in pictures)
        traced[images] = apply_tracing(pixels, parameters, params.evaluation["accuracy_score"])
        particles = particle_statistics(truth, traced[images], params.evaluation)
        evaluations["Tracing"][label] = {
            **evaluate_predictions(truth, traced[images], params.evaluation, seed=params.seed),
            "distributions": compare_distributions(particles).to_dict("records"),
            "lines": line_agreement(truth, traced[images], params.evaluation),
        }
        for key, name in names.items():
            evaluations[name][label] = {
                **read_json(stored / key / f"{images}.json"),
                "lines": line_agreement(
                    truth, read_json(predicted / key / f"{images}.json"), params.evaluation
                ),
            }
        if synthetic:
            shown = find_image(pictures, median_image(by_model[model]))
    write_json(
        made.parameters,
        {"parameters": parameters._asdict(), "ap_segm": best["ap_segm"], "images": len(chosen)},
        indent=1,
    )
    write_table(classical_table(evaluations), Path(made.table[0]).with_suffix(""))
    results = {name: read_json(predicted / key / "synthetic.json") for key, name in names.items()}
    drawing = draw_methods(
        shown,
        {"Tracing": traced["synthetic"], **results},
        {name: found["Synthetic"] for name, found in evaluations.items()},
        area_limits_px=params.evaluation["area_limits_px"],
        score=params.evaluation["accuracy_score"],
    )
    drawing.facts["tracing"] = read_json(made.parameters)
    drawing.facts["combinations"] = len(search)
    style.save(drawing, Path(made.figure[0]).with_suffix(""))
