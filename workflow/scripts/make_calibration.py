"""Scores against precisions of the best row, of its flipped views, and of several rows together."""

from pathlib import Path

import torch

from synthwire.datasets.annotated_images import read_image_set, read_synthetic
from synthwire.evaluation.consensus import consensus
from synthwire.evaluation.uncertainty import value_of
from synthwire.figures.kit import sources, style
from synthwire.figures.supplement.calibration import draw_calibration
from synthwire.io.coco import read_coco
from synthwire.io.files import read_json
from synthwire.learning import network
from synthwire.learning.flips import predict_with_flips
from synthwire.learning.predict import load, scale_of
from synthwire.runtime.job import job
from synthwire.study.supplement.calibration_table import calibration_table, measure_calibration
from synthwire.study.table_files import write_table

with job(snakemake.log[0], snakemake.input, snakemake.output):
    torch.set_num_threads(snakemake.threads)
    params, given = snakemake.params, snakemake.input
    evaluations = dict(zip(params.models, map(read_json, given.evaluations), strict=True))
    best = sources.best_model(evaluations)
    ranked = sorted(params.models, key=lambda model: -value_of(evaluations[model], "segm_ap"))
    together = ranked[: params.ensemble]
    stored = Path(given.predictions[0]).parents[1]
    folders = {Path(folder).name: folder for folder in given.microscopy}
    place = params.models.index(best)
    predictor = load(
        Path(given.weights[place]),
        params.architectures[place],
        params.predictions[place],
        nms_threshold=params.nms[place],
        precision=params.predictions[place]["precision"],
        device=network.device_name(params.device),
        classes=params.classes,
    )
    truths, plain, flipped, pooled = {}, {}, {}, {}
    for images, label in params.labels.items():
        scale = 1.0
        if images == "synthetic":
            truths[label] = read_coco(given.validation)
            pictures = read_synthetic(truths[label], given.images)
        else:
            truths[label] = read_coco(Path(folders[images]) / "annotations.json")
            pictures = read_image_set(folders[images])
            if params.trained_pixel_nm is not None:
                size = {"pixel_size_nm": pictures[0].pixel_size_nm}
                scale = scale_of(size, params.trained_pixel_nm)
        plain[label] = read_json(stored / best / f"{images}.json")
        pixels = ((picture.image_id, picture.pixels) for picture in pictures)
        flipped[label] = predict_with_flips(predictor, pixels, scale)
        pooled[label] = consensus([read_json(stored / row / f"{images}.json") for row in together])
    rows, curves, handed = measure_calibration(
        truths,
        {
            f"Model {best}": plain,
            "with flips": flipped,
            f"{len(together)} rows together": pooled,
        },
        params.evaluation,
        bins=params.bins,
        shares=params.abstain,
    )
    table = calibration_table(rows, handed, params.evaluation["accuracy_score"])
    write_table(table, Path(snakemake.output.table[0]).with_suffix(""))
    style.save(
        draw_calibration(rows, curves, handed), Path(snakemake.output.figure[0]).with_suffix("")
    )
