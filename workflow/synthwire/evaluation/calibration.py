"""Whether a score is a precision, and what it buys to leave the least certain to a person.

A detector is calibrated when of the detections with score s a share s is right (Küppers et al.,
CVPR Workshops 2020): right is what matches an annotation at IoU 0.5. Detections on ignore regions
count for neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask

from synthwire.evaluation.case import check_inputs
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.masks import mask_areas

RIGHT_IOU = 0.5
Z95 = 1.96


class Rated(NamedTuple):
    """Detections that count: score, right (bool), area in px; all (N,); `results` as given, in the
    same order; and the areas (M,) of the annotated particles.
    """

    score: np.ndarray
    right: np.ndarray
    area: np.ndarray
    results: list[dict]
    annotated: np.ndarray


def rate_detections(ground_truth: dict, predictions: list) -> Rated:
    """Which of a model's detections are right, whatever their class.

    As in COCO's matching the surest takes the annotation that it overlaps most; what finds its
    particle taken is wrong. ground_truth, predictions: as `evaluate_predictions` takes them.
    """
    truth, results = check_inputs(ground_truth, predictions)
    right: list[bool] = []
    kept: list[dict] = []
    for image in truth["images"]:
        found = [item for item in results if item["image_id"] == image["id"]]
        found.sort(key=lambda item: -item["score"])
        drawn = [item for item in truth["annotations"] if item["image_id"] == image["id"]]
        crowd = np.array([item["iscrowd"] for item in drawn], dtype=bool)
        iou = np.zeros((len(found), len(drawn)))
        if iou.size:
            iou = np.asarray(
                coco_mask.iou(
                    [item["segmentation"] for item in found],
                    [item["segmentation"] for item in drawn],
                    crowd.tolist(),
                )
            )
        for item, row, hit in zip(found, iou, surest_take(iou[:, ~crowd]).tolist(), strict=True):
            if not hit and np.any(row[crowd] >= RIGHT_IOU):
                continue
            right.append(hit)
            kept.append(item)
    certain = [item["area"] for item in truth["annotations"] if not item["iscrowd"]]
    return Rated(
        np.array([item["score"] for item in kept], dtype=float),
        np.array(right, dtype=bool),
        mask_areas(item["segmentation"] for item in kept),
        kept,
        np.array(certain, dtype=float),
    )


def surest_take(iou: np.ndarray) -> np.ndarray:
    """Which detections are right (N,), of IoU with annotations (N, M), the surest first.

    Each takes the free annotation that it overlaps most, from RIGHT_IOU on.
    """
    free = np.array(iou, dtype=float)
    right = np.zeros(len(free), dtype=bool)
    for place, row in enumerate(free):
        if row.size and row.max() >= RIGHT_IOU:
            right[place] = True
            free[:, int(row.argmax())] = 0.0
    return right


def reliability(rated: Rated, bins: int) -> pd.DataFrame:
    """Mean score and precision in bins of equally many detections, from the lowest score up.

    Columns: detections, score, precision, and low, high: its 95 % interval (Wilson), as fractions.
    At most as many bins as there are detections.
    """
    order = np.argsort(rated.score, kind="stable")
    rows = []
    for part in np.array_split(order, min(bins, len(order)) or 1):
        if len(part):
            share = float(rated.right[part].mean())
            interval = _wilson(share, len(part))
            rows.append((len(part), float(rated.score[part].mean()), share, *interval))
    return pd.DataFrame(rows, columns=["detections", "score", "precision", "low", "high"])


def _wilson(share: float, count: int) -> tuple[float, float]:
    scale = 1 + Z95**2 / count
    middle = (share + Z95**2 / (2 * count)) / scale
    half = Z95 / scale * np.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    return float(middle - half), float(middle + half)


def calibration_error(table: pd.DataFrame) -> float:
    """Expected calibration error: the mean of |precision − score| over the detections of a table of
    `reliability`; NaN for none.
    """
    if table.empty:
        return float("nan")
    gaps = (table["precision"] - table["score"]).abs()
    return float(np.average(gaps, weights=table["detections"]))


def abstain(
    ground_truth: dict,
    predictions: list,
    settings: Mapping,
    shares: Sequence[float],
) -> pd.DataFrame:
    """What a result becomes when the least certain detections are handed to a person.

    Least certain are those whose scores lie nearest the cut, settings["accuracy_score"], on either
    side. The person keeps what is right (IoU 0.5), drops what is wrong, and adds nothing; what is
    kept keeps its score, since it was not the outline that was judged. A row a share; columns:
    share, by_hand (how many), precision and recall of what then counts as a particle, count_error
    and median_area_error (percent of the annotated), ap_segm of what then stands, percent.
    """
    rated = rate_detections(ground_truth, predictions)
    cut = settings["accuracy_score"]
    order = np.argsort(np.abs(rated.score - cut), kind="stable")
    plain = {**settings, "bootstrap_replicates": 0}
    rows = []
    for share in shares:
        by_hand = np.zeros(len(order), dtype=bool)
        by_hand[order[: round(share * len(order))]] = True
        counts = np.where(by_hand, rated.right, rated.score >= cut)
        hits, number = int((counts & rated.right).sum()), len(rated.annotated)
        results = [
            item
            for item, right, looked_at in zip(rated.results, rated.right, by_hand, strict=True)
            if right or not looked_at
        ]
        median = float(np.median(rated.annotated)) if number else np.nan
        rows.append(
            {
                "share": share,
                "by_hand": int(by_hand.sum()),
                "precision": 100 * hits / counts.sum() if counts.any() else np.nan,
                "recall": 100 * hits / number if number else np.nan,
                "count_error": 100 * (counts.sum() - number) / number if number else np.nan,
                "median_area_error": 100 * (np.median(rated.area[counts]) / median - 1)
                if counts.any()
                else np.nan,
                "ap_segm": evaluate_predictions(ground_truth, results, plain)["segm"]["ap"],
            }
        )
    return pd.DataFrame(rows)
