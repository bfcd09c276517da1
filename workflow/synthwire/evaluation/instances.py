"""Instances found and missed at one score: precision, recall, F1, panoptic quality, counts."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from synthwire.evaluation.case import Case
from synthwire.evaluation.matching import IOU_THRESHOLDS, Detections


def percent(part: ArrayLike, whole: ArrayLike) -> np.ndarray:
    """100 · part / whole, NaN where there is nothing."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.where(whole > 0, 100.0 * part / np.where(whole > 0, whole, 1.0), np.nan)


class Hits(NamedTuple):
    """Hits and misses of instances: `counts` (units, IoU thresholds, 3) of TP, FP, FN.

    `overlap` (units) sums the IoU of the hits at 0.5; `annotated` and `predicted` count the
    instances of each image, without those that are ignored.
    """

    counts: np.ndarray
    overlap: np.ndarray
    annotated: np.ndarray
    predicted: np.ndarray


def count_hits(case: Case, parts: list[Detections], *, limit: int, floor: float) -> Hits:
    """Count the `limit` best detections of each image with scores from `floor` on."""
    units, images = case.units.number, len(case.truth["images"])
    counts = np.zeros((units, len(IOU_THRESHOLDS), 3))
    overlap, predicted = np.zeros(units), np.zeros(images, dtype=np.int64)
    for part in parts:
        kept = part.best(limit, floor)
        counted = ~kept.ignored
        for place, kind in ((0, kept.matched & counted), (1, ~kept.matched & counted)):
            for threshold in range(len(IOU_THRESHOLDS)):
                np.add.at(counts[:, threshold, place], kept.unit[kind[threshold]], 1)
        np.add.at(overlap, kept.unit[counted[0]], kept.overlap[counted[0]])
        np.add.at(predicted, kept.image[counted[0]], 1)
        counts[:, :, 2] += kept.positives[:, None]
    counts[:, :, 2] -= counts[:, :, 0]
    annotated = np.zeros(images, dtype=np.int64)
    for item in case.truth["annotations"]:
        annotated[case.image_numbers[item["image_id"]]] += not item["iscrowd"]
    return Hits(counts, overlap, annotated, predicted)


def f1_scores(tp: int, fp: int, fn: int) -> dict[str, float]:
    """The counts, and precision, recall and F1 in percent."""
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "precision": float(percent(tp, tp + fp)),
        "recall": float(percent(tp, tp + fn)),
        "f1": float(percent(2 * tp, 2 * tp + fp + fn)),
    }


def panoptic(counts: np.ndarray, overlap: float) -> dict[str, float]:
    """Panoptic quality of Kirillov et al. (CVPR 2019), for instances that may overlap.

    pq = Σ IoU / (TP + FP/2 + FN/2), sq is the mean IoU of the hits, rq the F1 at IoU 0.5.
    """
    tp, fp, fn = counts
    return {
        "pq": float(percent(overlap, tp + fp / 2 + fn / 2)),
        "sq": float(percent(overlap, tp)),
        "rq": float(percent(2 * tp, 2 * tp + fp + fn)),
    }


def count_error(hits: Hits) -> dict[str, float]:
    """Annotated and predicted instances, and how far apart the two numbers are."""
    annotated, predicted = int(hits.annotated.sum()), int(hits.predicted.sum())
    return {
        "annotated": annotated,
        "predicted": predicted,
        "error": predicted - annotated,
        "relative_error": float(percent(predicted - annotated, annotated)),
        "mean_absolute_error": float(np.abs(hits.predicted - hits.annotated).mean())
        if len(hits.annotated)
        else math.nan,
    }
