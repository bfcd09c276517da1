"""Foreground pixels right and wrong: the paper's accuracy (Eq. 3)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from synthwire.evaluation.case import Case, count_in_units
from synthwire.io.masks import segmentation_to_rle, union_of_masks

BACKGROUND, TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, IGNORED = range(5)


def classify_pixels(
    truth: np.ndarray, predicted: np.ndarray, ignored: np.ndarray | None = None
) -> np.ndarray:
    """Map (height, width), uint8: 0 background, 1 TP, 2 FP, 3 FN, 4 ignored.

    `truth`, `predicted` and `ignored` are boolean foregrounds (height, width), unions of masks.
    A pixel is ignored when only ignore regions cover it, no annotated particle.
    """
    classes = np.zeros(truth.shape, dtype=np.uint8)
    classes[truth & predicted] = TRUE_POSITIVE
    classes[predicted & ~truth] = FALSE_POSITIVE
    classes[truth & ~predicted] = FALSE_NEGATIVE
    if ignored is not None:
        classes[ignored & ~truth] = IGNORED
    return classes


def classify_image(
    image: Mapping, annotations: Sequence[Mapping], predictions: Sequence[Mapping], score: float
) -> np.ndarray:
    """`classify_pixels` for the COCO annotations and results of one image, scores ≥ `score`."""
    height, width = image["height"], image["width"]

    def union(items: Iterable[Mapping]) -> np.ndarray:
        rles = [segmentation_to_rle(item["segmentation"], height, width) for item in items]
        return union_of_masks(rles, height, width)

    return classify_pixels(
        union(item for item in annotations if not item.get("iscrowd", 0)),
        union(item for item in predictions if item["score"] >= score),
        union(item for item in annotations if item.get("iscrowd", 0)),
    )


def accuracy(tp: int, fp: int, fn: int) -> float:
    """TP/(TP+FP+FN) in percent (Eq. 3 of the paper); NaN when there is no foreground at all."""
    total = tp + fp + fn
    return 100.0 * tp / total if total else math.nan


def pixel_accuracy(case: Case, score: float) -> tuple[list[dict], np.ndarray]:
    """One row per image, and counts (units, 3) of TP, FP and FN pixels."""
    truth, results, units = case.truth, case.results, case.units
    annotated = _group(truth["annotations"], truth["images"])
    predicted = _group(results, truth["images"])
    rows = []
    counts = np.zeros((units.number, 3))
    wanted = [TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE]
    for number, image in enumerate(truth["images"]):
        outlines, detections = annotated[image["id"]], predicted[image["id"]]
        classes = classify_image(image, outlines, detections, score)
        of_truth, of_results = case.owners(number)
        owners = np.where(
            (classes == TRUE_POSITIVE) | (classes == FALSE_NEGATIVE), of_truth, of_results
        )
        counts += count_in_units(classes, 5, units.number, owners)[:, wanted]
        found = np.bincount(classes.ravel(), minlength=5)
        tp, fp, fn = (int(found[kind]) for kind in wanted)
        rows.append(
            {
                "image_id": image["id"],
                "file_name": image.get("file_name"),
                "page": image.get("page"),
                "accuracy": accuracy(tp, fp, fn),
                "tp": tp,
                "fp": fp,
                "fn": fn,
                "ground_truth": sum(not item["iscrowd"] for item in outlines),
                "predictions": sum(item["score"] >= score for item in detections),
            }
        )
    return rows, counts


def _group(items: Sequence[dict], images: Sequence[dict]) -> dict:
    groups: dict = {image["id"]: [] for image in images}
    for item in items:
        groups[item["image_id"]].append(item)
    return groups
