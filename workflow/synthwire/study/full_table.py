"""Supplementary Table 1: every model on every image set."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from synthwire.evaluation.average_precision import METRICS
from synthwire.evaluation.case import KINDS
from synthwire.study.study import (
    AP_COLUMNS,
    AP_OF_KIND,
    MEASURES,
    SYNTHETIC,
    Study,
)
from synthwire.study.table_files import Table
from synthwire.study.table_texts import (
    HEADINGS,
    published,
    with_best_bold,
)
from synthwire.study.training_table import training_table


def full_table(study: Study) -> Table:
    """Supplementary Table 1: every model, and the watershed, on every image set.

    Columns: model, images, accuracy, AP at scores ≥ 0.05 and at most 100 detections; intervals
    of accuracy and AP; precision, recall, F1, panoptic quality, boundary F1, count error; mask AP
    by the fraction of a particle that others cover (`ap_segm_overlap_{from}_{to}`, with `_low` and
    `_high`); then the same APs under the other readings that the paper leaves open (only scores
    ≥ 0.7; 500 detections; without nested masks) as `{metric}_{kind}_{reading}`; then the paper's,
    where an image set is the paper's own.
    """
    models = [*study.base_models, *study.models["model"], *study.baselines]
    names = dict.fromkeys(name for model in models for name in study.evaluations.get(model, {}))
    readings = _readings(study)
    rows = []
    for images in names:
        paper = _paper_values(study, images)
        for model in models:
            if evaluation := study.evaluation(model, images):
                rows.append(
                    {
                        "model": model,
                        "images": images,
                        **study.measures([model], images, MEASURES, ["accuracy", *AP_OF_KIND])
                        .iloc[0]
                        .to_dict(),
                        **_further_metrics(evaluation),
                        **_overlap_metrics(study, model, images),
                        **{
                            f"{column}_{reading}": _of_reading(evaluation, column, reading)
                            for reading in readings
                            for column in AP_COLUMNS
                        },
                        **{f"paper_{c}": paper.get(c, {}).get(model, math.nan) for c in MEASURES},
                    }
                )
    frame = pd.DataFrame(rows)
    parts = []
    for images, group in frame.groupby("images", sort=False):
        part = pd.DataFrame({"Images": study.label(images), "No.": group["model"]})
        part["Accuracy"] = with_best_bold(group["accuracy"])
        for metric in METRICS:
            part[HEADINGS[metric]] = _pair(group, metric, "")
        for reading in readings:
            part[f"AP, {_reading_heading(reading)}"] = _pair(group, "ap", f"_{reading}")
        part["AP paper"] = [
            "" if math.isnan(box) else f"{published(box)}/{published(mask)}"
            for box, mask in zip(group["paper_ap_bbox"], group["paper_ap_segm"], strict=True)
        ]
        parts.append(part)
    caption = (
        "All models on all image sets (bounding box/segmentation mask, percent). AP counts scores "
        "from 0.05 and 100 detections an image, unless its column says otherwise; best of each "
        "image set in bold."
    )
    return Table(frame, pd.concat(parts, ignore_index=True), caption)


def _paper_values(study: Study, images: str) -> dict[str, dict[str, float]]:
    """The paper's values on an image set, by column and model; empty for others' images."""
    if images == SYNTHETIC:
        listed = training_table(study).frame.set_index("model")
        return {column: listed[f"paper_{column}"].to_dict() for column in AP_OF_KIND}
    number = study.paper_table(images)
    return {} if number is None else study.paper(number).to_dict()


def _further_metrics(evaluation: Mapping) -> dict[str, float]:
    """Metrics beyond the paper's: of instances with score ≥ the accuracy's, and of outlines."""
    first: Mapping = next(iter(evaluation.get("thresholds", [])), {})
    found = {f"{key}_iou50": first.get(key) for key in ("precision", "recall", "f1")}
    found.update({key: evaluation.get("panoptic", {}).get(key) for key in ("pq", "sq", "rq")})
    found["boundary_f1"] = evaluation.get("boundary", {}).get("f1")
    found["relative_count_error"] = evaluation.get("count", {}).get("relative_error")
    return {key: math.nan if value is None else float(value) for key, value in found.items()}


def _overlap_metrics(study: Study, model: str, images: str) -> dict[str, float]:
    found = {}
    for number, part in enumerate(study.evaluation(model, images).get("overlap", [])):
        name, metric = f"ap_segm_overlap_{part['low']:g}_{part['high']:g}", f"overlap_{number}"
        found[name] = study.value(model, images, metric)
        found[f"{name}_low"], found[f"{name}_high"] = study.interval(model, images, metric)
    return found


def _readings(study: Study) -> list[str]:
    """Suffixes of the other readings of AP, as evaluated: score70, 500, unnested."""
    some = next((one for sets in study.evaluations.values() for one in sets.values()), {})
    return [key.removeprefix("segm_") for key in some if key.startswith("segm_")]


def _reading_heading(reading: str) -> str:
    if reading.startswith("score"):
        return f"score ≥ {int(reading.removeprefix('score')) / 100:g}"
    return f"{reading} det." if reading.isdigit() else reading


def _of_reading(evaluation: Mapping, column: str, reading: str) -> float:
    metric, kind = column.split("_")
    value = evaluation.get(f"{kind}_{reading}", {}).get(metric)
    return math.nan if value is None else float(value)


def _pair(group: pd.DataFrame, metric: str, suffix: str) -> list[str]:
    cells = [with_best_bold(group[f"{metric}_{kind}{suffix}"]) for kind in KINDS]
    return [f"{box}/{mask}" for box, mask in zip(*cells, strict=True)]
