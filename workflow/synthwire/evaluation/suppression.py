"""What comes after a network: removing masks that are nested or double.

Detections are COCO results ({"image_id", "category_id", "bbox", "score", "segmentation"}) of one or
more images; masks stay run-length encoded, so that images of any size fit. All functions keep the
order of what they leave, and change no result in place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.io.masks import mask_areas

# of a mask's area that another one covers, from which it is nested in it
NESTED_SHARE = 0.9
ROWS_AT_ONCE = 256  # of the matrix of overlaps, which is never held whole


def remove_nested(
    results: Sequence[dict], *, share: float = NESTED_SHARE, container_score: float = 0.0
) -> list[dict]:
    """Detections without those whose mask lies within a larger one of the same image.

    The paper's post-processing (section "X-ray ptychography image"): models tend to find smaller
    particles within larger ones. A mask is nested when at least `share` of its area is covered by
    one larger mask of at least `container_score`; of two equally large ones the surer stays.
    """
    areas, scores = _areas(results), _scores(results)
    kept = np.ones(len(results), dtype=bool)
    # larger first; a number later in this order can be nested in an earlier one
    rank = np.empty(len(results), dtype=np.int64)
    rank[np.lexsort((-scores, -areas))] = np.arange(len(results))
    for first, second, common in overlapping_pairs(results):
        if rank[first] > rank[second]:
            first, second = second, first
        if scores[first] >= container_score and common >= share * areas[second] > 0:
            kept[second] = False
    return [result for result, stays in zip(results, kept, strict=True) if stays]


def mask_nms(results: Sequence[dict], iou: float) -> list[dict]:
    """Non-maximum suppression by the overlap of masks.

    A detection goes when its mask's IoU with that of a surer one that stays is greater than `iou`;
    only detections of the same image and category suppress each other.
    """
    scores = _scores(results)
    rivals = _rivals(results)
    kept = np.ones(len(results), dtype=bool)
    for number in np.argsort(-scores, kind="stable"):
        if kept[number]:
            for other, overlap in rivals[number]:
                # Of equal scores the earlier counts as surer, as in the sort.
                if overlap > iou and (scores[other], -other) < (scores[number], -number):
                    kept[other] = False
    return [result for result, stays in zip(results, kept, strict=True) if stays]


def soft_nms(results: Sequence[dict], *, sigma: float, minimum_score: float) -> list[dict]:
    """Detections with their scores lowered by exp(−IoU²/σ) for every surer one that they overlap.

    Gaussian Soft-NMS (Bodla et al., ICCV 2017, equation 3) on the IoU of masks, so that crossing
    wires, whose boxes coincide while their masks do not, keep their scores. Detections that fall
    below `minimum_score` are left out.
    """
    scores = _scores(results)
    rivals = _rivals(results)
    waiting = set(range(len(results)))
    while waiting:
        best = max(waiting, key=lambda number: (scores[number], -number))
        waiting.remove(best)
        for other, overlap in rivals[best]:
            if other in waiting:
                scores[other] *= math.exp(-(overlap**2) / sigma)
    return [
        {**result, "score": float(score)}
        for result, score in zip(results, scores, strict=True)
        if score >= minimum_score
    ]


def choose_suppression(prediction: Mapping) -> Callable[[list[dict]], list[dict]] | None:
    """The suppression that config["prediction"] asks for, by its `mask_nms`: a function of an
    image's detections; None where it asks for none.
    """
    kind = prediction["mask_nms"]
    if kind == "hard":
        return partial(mask_nms, iou=prediction["mask_nms_iou"])
    if kind == "soft":
        return lambda results: sorted(
            soft_nms(
                results,
                sigma=prediction["soft_nms_sigma"],
                minimum_score=prediction["minimum_score"],
            ),
            key=lambda result: -result["score"],
        )
    return None


def overlapping_pairs(results: Sequence[dict]) -> Iterator[tuple[int, int, float]]:
    """Each pair (i, j), i < j, of masks of one image that overlap, with their common area in px."""
    areas = _areas(results)
    images = np.array([result["image_id"] for result in results])
    for image in np.unique(images):
        numbers = np.flatnonzero(images == image)
        masks = [results[number]["segmentation"] for number in numbers.tolist()]
        crowd = [1] * len(masks)  # with "crowd" outlines COCO divides by the first mask's own area
        for start in range(0, len(masks), ROWS_AT_ONCE):
            shares = coco_mask.iou(masks[start : start + ROWS_AT_ONCE], masks, crowd)
            for row, column in np.argwhere(shares > 0):
                if column > row + start:
                    first, second = numbers[row + start], numbers[column]
                    yield int(first), int(second), float(shares[row, column] * areas[first])


def _rivals(results: Sequence[dict]) -> list[list[tuple[int, float]]]:
    """Of each detection, the others of its category that it overlaps, and the masks' IoU."""
    areas = _areas(results)
    found: list[list[tuple[int, float]]] = [[] for _ in results]
    for first, second, common in overlapping_pairs(results):
        if results[first]["category_id"] == results[second]["category_id"]:
            iou = common / (areas[first] + areas[second] - common)
            found[first].append((second, iou))
            found[second].append((first, iou))
    return found


def _areas(results: Sequence[dict]) -> np.ndarray:
    return mask_areas(result["segmentation"] for result in results)


def _scores(results: Sequence[dict]) -> np.ndarray:
    return np.array([result["score"] for result in results], dtype=float)
