"""Every figure: nothing may overlap, be tiny or too wide."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import standin_results as standin
import tifffile
from figure_texts import texts_overlap, visible_texts
from standin_results import evaluation, image_set, synthetic

from synthwire.figures import (
    conditions,
    feature_maps,
    gallery,
    hyperparameters,
    loss_curves,
    particle_statistics,
)
from synthwire.figures.instance_quality import draw_instance_quality
from synthwire.figures.kit import style
from synthwire.figures.methods import draw_methods
from synthwire.figures.overview import draw_overview
from synthwire.figures.precision_recall import draw_precision_recall
from synthwire.figures.prediction import draw_prediction, find_image, median_image
from synthwire.figures.supplement.peers import draw_peers
from synthwire.figures.synthesis import draw_synthesis
from synthwire.io.files import read_json
from synthwire.structures.shapes import SHAPES
from synthwire.study.supplement.peers_table import Method

LIMITS_PX = [1024, 9216]


def all_drawings(results):
    keys = ("ptychography", "stxm", "sem")
    sets = {key: image_set(results, key) for key in keys}
    yield "fig1", draw_overview([pictures[0] for pictures in sets.values()])
    picture = synthetic(results)[0]
    labels = tifffile.imread(results / "structures/000/scene_00000.tif")
    yield "fig2", draw_synthesis(labels, picture)
    sets["synthetic"] = synthetic(results)
    curves = {}
    for key, pictures in sets.items():
        stored = evaluation(results, "03", key)
        predictions = read_json(results / f"predictions/03/{key}.json")
        picture = find_image(pictures, median_image(stored))
        yield f"prediction {key}", draw_prediction(picture, predictions, "03", stored)
        table = pd.read_csv(results / f"statistics/03/{key}.csv")
        yield (
            f"statistics {key}",
            particle_statistics.draw_particle_statistics(
                table, picture.label, "03", pixel_size_assumed=picture.pixel_size_assumed
            ),
        )
        curves[picture.label] = stored["precision_recall"]
    yield "fig12", draw_precision_recall(curves, "03")
    exhibits = [gallery.make_exhibit(n, gallery.shape_settings(n, 4, 96)) for n in list(SHAPES)[:5]]
    yield "gallery", gallery.draw_gallery(exhibits)
    yield "diagnosis", conditions.draw_conditions({"Simulated SEM": standin.make_diagnosis()})
    yield "features", feature_maps.draw_feature_maps(picture, standin.make_features(picture), "03")
    labels = {pictures[0].label: key for key, pictures in sets.items()}
    stored = {label: evaluation(results, "03", key) for label, key in labels.items()}
    yield "quality", draw_instance_quality(stored, dict.fromkeys(labels, "03"), LIMITS_PX)
    predictions = {
        f"Model {model}": read_json(results / f"predictions/{model}/stxm.json")
        for model in ("01", "03")
    }
    stored = {f"Model {model}": evaluation(results, model, "stxm") for model in ("01", "03")}
    yield "comparison", draw_methods(sets["stxm"][0], predictions, stored, area_limits_px=LIMITS_PX)
    peers = [
        Method(name, "MIT", number == 0, found, 450.0, 1100, 0.1 * 4**number, ours=number == 0)
        for number, (name, found) in enumerate(stored.items())
    ]
    yield "peers", draw_peers(sets["stxm"][0], peers, predictions)
    metrics = {
        model: loss_curves.read_metrics(results / f"models/{model}/metrics.json")
        for model in ("01", "02", "03")
    }
    yield "training", loss_curves.draw_loss_curves(metrics, ["03", "01"])
    for table in metrics.values():
        table[loss_curves.VALIDATION] = np.where(table["iteration"] % 100 == 99, 40.0, np.nan)
    yield "training with validation", loss_curves.draw_loss_curves(metrics, ["03", "01"])
    models = standin.model_table()
    ap = pd.DataFrame({"model": models["model"], "ap": np.linspace(38, 47, len(models))})
    paper = pd.DataFrame({"model": models["model"], "paper_ap_segm": 90.0})
    yield (
        "hyperparameters",
        hyperparameters.draw_hyperparameters(models, {"Synthetic": ap}, published=paper),
    )


def test_no_figure_has_overlapping_or_tiny_text_or_is_too_wide(results):
    for name, drawing in all_drawings(results):
        figure = drawing.figure
        assert texts_overlap(figure) == [], name
        width, height = figure.get_size_inches() * style.MM_PER_INCH
        assert width <= style.DOUBLE_COLUMN_MM + 1e-6 and height <= style.PAGE_HEIGHT_MM, name
        for words, size, box in visible_texts(figure):
            assert size >= 6, (name, words)
            assert box.x0 > -1 and box.x1 < figure.bbox.x1 + 1, (name, words)
            assert box.y0 > -1 and box.y1 < figure.bbox.y1 + 1, (name, words)
        json.dumps(drawing.facts)
        assert len(drawing.data), name
