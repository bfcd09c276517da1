"""COCO's average precision, plain or of each draw of a bootstrap."""

from __future__ import annotations

import numba
import numpy as np

from synthwire.evaluation.matching import IOU_THRESHOLDS, Detections, Matching

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # COCO's; precision is averaged over them
AREA_METRICS = {"aps": "small", "apm": "medium", "apl": "large"}
METRICS = ("ap", "ap50", "ap75", *AREA_METRICS)


@numba.njit(cache=True)
def _average_precision(
    matched: np.ndarray,
    ignored: np.ndarray,
    unit: np.ndarray,
    positives: np.ndarray,
    weights: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:
    """Average precision (draws, thresholds) as a fraction, each unit counted `weights` times."""
    draws, thresholds, count = weights.shape[0], matched.shape[0], matched.shape[1]
    result = np.empty((draws, thresholds))
    recall = np.empty(count)
    precision = np.empty(count)
    for draw in range(draws):
        number = 0.0
        for u in range(len(positives)):
            number += weights[draw, u] * positives[u]
        if number == 0:
            result[draw] = np.nan
            continue
        for t in range(thresholds):
            tp, fp, steps = 0.0, 0.0, 0
            for d in range(count):
                weight = weights[draw, unit[d]]
                if weight == 0 or ignored[t, d]:
                    continue
                if matched[t, d]:  # only here does recall grow
                    tp += weight
                    recall[steps] = tp / number
                    precision[steps] = tp / (tp + fp + 2.220446049250313e-16)
                    steps += 1
                else:
                    fp += weight
            for step in range(steps - 2, -1, -1):
                precision[step] = max(precision[step], precision[step + 1])
            total, step = 0.0, 0
            for level in levels:
                while step < steps and recall[step] < level:
                    step += 1
                if step == steps:
                    break
                total += precision[step]
            result[draw, t] = total / len(levels)
    return result


def average_precision(detections: Detections, weights: np.ndarray) -> np.ndarray:
    """Average precision in percent (draws, IoU thresholds); NaN without annotations.

    COCO's: the mean over 101 recall levels of the greatest precision at that recall or above.
    `weights` (draws, units) tells how often each draw of a bootstrap holds each unit; one row of
    ones gives the plain value.
    """
    counted = ~detections.ignored.all(axis=0)
    return 100.0 * _average_precision(
        np.ascontiguousarray(detections.matched[:, counted]),
        np.ascontiguousarray(detections.ignored[:, counted]),
        detections.unit[counted],
        detections.positives,
        np.asarray(weights, dtype=np.float64),
        RECALL_LEVELS,
    )


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
