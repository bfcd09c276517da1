"""Several classes of particles: each by itself, and which is taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.particles.table import matched_images

NOTHING = "nothing"


def class_scores(
    ground_truth: dict, predictions: Sequence[Mapping], settings: Mapping
) -> pd.DataFrame:
    """AP of each class by itself, a row a class: class, particles, ap_bbox, ap_segm, ap50_segm.

    ground_truth: COCO data set; predictions: COCO results; settings: the config's `evaluation`.
    In percent, None for a class without a particle.
    """
    plain = {**settings, "bootstrap_replicates": 0}
    rows = []
    for category in ground_truth["categories"]:
        own = {
            **ground_truth,
            "categories": [category],
            "annotations": _of(ground_truth["annotations"], category),
        }
        found = evaluate_predictions(own, _of(predictions, category), plain)
        rows.append(
            {
                "class": category["name"],
                "particles": found["counts"]["ground_truth"],
                "ap_bbox": found["bbox"]["ap"],
                "ap_segm": found["segm"]["ap"],
                "ap50_segm": found["segm"]["ap50"],
            }
        )
    return pd.DataFrame(rows)


def _of(items: Sequence[Mapping], category: Mapping) -> list[Mapping]:
    return [item for item in items if item["category_id"] == category["id"]]


def confusion(
    ground_truth: dict, predictions: Sequence[Mapping], settings: Mapping
) -> pd.DataFrame:
    """How often a particle of one class (rows) was found as one of another (columns).

    Masks from `accuracy_score` on are matched with the annotated ones at IoU 0.5, whatever their
    classes. The last column counts particles that nothing matches, the last row detections that
    match no particle, a second one of the same particle among them.
    """
    names = [category["name"] for category in ground_truth["categories"]]
    place = {category["id"]: number for number, category in enumerate(ground_truth["categories"])}
    counts = np.zeros((len(names) + 1, len(names) + 1), dtype=int)
    for one in matched_images(ground_truth, predictions, settings["accuracy_score"]):
        for index, partner, ignored in zip(one.found, one.partner, one.ignored, strict=True):
            if ignored:
                continue
            true = place[one.outlines[partner]["category_id"]] if partner >= 0 else -1
            counts[true, place[predictions[index]["category_id"]]] += 1
        for number, item in enumerate(one.outlines):
            if not one.crowd[number] and number not in one.partner:
                counts[place[item["category_id"]], -1] += 1
    return pd.DataFrame(counts, index=[*names, NOTHING], columns=[*names, NOTHING])
