"""COCO's average precision, plain or of each draw of a bootstrap."""

from __future__ import annotations

import numpy as np

from synthwire.evaluation.matching import IOU_THRESHOLDS, Detections, Matching

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # COCO's; precision is averaged over them
AREA_METRICS = {"aps": "small", "apm": "medium", "apl": "large"}
EPSILON = float(np.finfo(np.float64).eps)  # COCO's, for a precision of nothing
NUMBERS_AT_ONCE = 500_000  # of detections times draws: what the processor's cache holds
METRICS = ("ap", "ap50", "ap75", *AREA_METRICS)


def average_precision(detections: Detections, weights: np.ndarray) -> np.ndarray:
    """Average precision in percent (draws, IoU thresholds); NaN without annotations.

    COCO's: the mean over 101 recall levels of the greatest precision at that recall or above.
    `weights` (draws, units) tells how often each draw of a bootstrap holds each unit; one row of
    ones gives the plain value.
    """
    counted = np.flatnonzero(~detections.ignored.all(axis=0))
    matched, ignored = detections.matched[:, counted], detections.ignored[:, counted]
    at_once = max(1, NUMBERS_AT_ONCE // max(len(counted), 1))
    result = np.full((len(weights), len(IOU_THRESHOLDS)), np.nan)
    for first in range(0, len(weights), at_once):
        drawn = weights[first : first + at_once].T.astype(np.float64)
        positives = detections.positives @ drawn
        known = positives > 0
        drawn = drawn[:, known]
        result[first : first + at_once][known] = _average_precision(
            matched, ignored, drawn[detections.unit[counted]], positives[known]
        )
    return 100.0 * result


def _average_precision(
    matched: np.ndarray, ignored: np.ndarray, each: np.ndarray, positives: np.ndarray
) -> np.ndarray:
    """Average precision (draws, thresholds) as a fraction.

    matched, ignored: (thresholds, detections); each: how often each draw holds each detection,
    (detections, draws); positives: annotations of each draw.
    """
    thresholds, draws = len(matched), len(positives)
    result = np.empty((draws, thresholds))
    draw = np.arange(draws)
    # all draws are searched as one row, each beyond the greatest value of the last
    shift = draw * (positives.max(initial=0) + 1)
    needed = (_needed(positives) + shift).T
    for number in range(thresholds):
        if not number or not np.array_equal(ignored[number], ignored[number - 1]):  # rare
            found = np.cumsum(each * ~ignored[number][:, np.newaxis], axis=0)
        hits = np.flatnonzero(matched[number] & ~ignored[number])  # only here does recall grow
        right = np.cumsum(each[hits], axis=0)
        precision = right / (found[hits] + EPSILON)
        envelope = np.zeros((len(hits) + 1, draws))  # nothing beyond the greatest recall
        envelope[:-1] = np.maximum.accumulate(precision[::-1])[::-1]
        step = np.searchsorted((right + shift).T.ravel(), needed).T - draw * len(hits)
        result[:, number] = envelope[step, draw].sum(axis=0) / len(RECALL_LEVELS)
    return result


def _needed(positives: np.ndarray) -> np.ndarray:
    """Hits (recall levels, draws) from which a level is reached; positives: (draws,) in all."""
    levels = RECALL_LEVELS[:, np.newaxis]
    hits = np.ceil(levels * positives)  # but for rounding
    hits -= (hits - 1) / positives >= levels
    return hits + (hits / positives < levels)


def mean_over_categories(
    parts: list[Detections], weights: np.ndarray, limit: int, floor: float = 0.0
) -> np.ndarray:
    """`average_precision` (draws, IoU thresholds), averaged over the categories that have one.

    `limit` is the greatest number of detections per image, `floor` the lowest score that counts.
    """
    curves = np.array([average_precision(part.best(limit, floor), weights) for part in parts])
    known = ~np.isnan(curves)
    number = known.sum(axis=0)
    total = np.where(known, curves, 0.0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def coco_metrics(
    matching: Matching, weights: np.ndarray, *, limit: int, floor: float = 0.0
) -> dict[str, np.ndarray]:
    """{ap, ap50, ap75, aps, apm, apl} in percent of each draw; `limit`, `floor` as above."""
    everything = mean_over_categories(matching["all"], weights, limit, floor)
    at = {round(100 * threshold): number for number, threshold in enumerate(IOU_THRESHOLDS)}
    return {
        "ap": everything.mean(axis=1),
        "ap50": everything[:, at[50]],
        "ap75": everything[:, at[75]],
        **{
            key: mean_over_categories(matching[area], weights, limit, floor).mean(axis=1)
            for key, area in AREA_METRICS.items()
        },
    }


def precision_recall(matching: Matching, *, limit: int) -> dict[str, list[float]]:
    """Recall and precision after each detection at IoU 0.5, and the envelope, as fractions.

    The envelope at a recall is the greatest precision at that recall or above (VOC 2010, the
    paper's Fig. 12). Categories are pooled. Empty lists without annotations.
    """
    parts = [detections.best(limit) for detections in matching["all"]]
    positives = sum(int(part.positives.sum()) for part in parts)
    score = np.concatenate([part.score for part in parts])
    matched = np.concatenate([part.matched[0] for part in parts])
    counted = ~np.concatenate([part.ignored[0] for part in parts])
    matched = matched[counted][np.argsort(-score[counted], kind="mergesort")]
    if positives == 0:
        return {"recall": [], "precision": [], "envelope": []}
    tp = np.cumsum(matched)
    precision = tp / np.arange(1, len(matched) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return {
        "recall": (tp / positives).round(6).tolist(),
        "precision": precision.round(6).tolist(),
        "envelope": envelope.round(6).tolist(),
    }
