"""Test-time flips: one model's consensus on an image and its mirror images."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from synthwire.evaluation.consensus import consensus
from synthwire.io.masks import decode_mask, encode_mask

AXES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (0, 1))


def predict_with_flips(
    predictor: Callable[[np.ndarray, int, float], list[dict]],
    images: Iterable[tuple[int, np.ndarray]],
    scale: float = 1.0,
) -> list[dict]:
    """COCO results of (image id, grey image) pairs, as `predict.predict` gives them: the consensus
    of the image as it is, upside down, mirrored, and both.
    """
    found: list[dict] = []
    for image_id, image in images:
        views = []
        for axes in AXES:
            seen = predictor(np.ascontiguousarray(np.flip(image, axes)), image_id, scale)
            views.append([_flip_back(item, axes) for item in seen] if axes else seen)
        found.extend(consensus(views))
    return found


def _flip_back(item: dict, axes: tuple[int, ...]) -> dict:
    mask = np.flip(decode_mask(item["segmentation"]), axes)
    x, y, width, height = item["bbox"]
    rows, columns = mask.shape
    x = columns - x - width if 1 in axes else x
    y = rows - y - height if 0 in axes else y
    return {**item, "segmentation": encode_mask(mask), "bbox": [x, y, width, height]}
