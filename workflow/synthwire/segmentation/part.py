"""The part of an image that a network sees, and what of its findings is no particle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthwire.io.burnt_in.window import Window
from synthwire.io.masks import decode_crop, decode_crops, encode_crop

DRAWN_SHARE = 0.5  # of a mask, from which it is a caption or a scale bar


def placed_back(results: Sequence[dict], window: Window | None, shape: tuple[int, int]) -> list:
    """COCO results of a part of an image as results of the whole (height, width)."""
    if window is None:
        return list(results)
    placed = []
    for item in results:
        crop, top, left = decode_crop(item["segmentation"])
        rle = encode_crop(crop, top + window.top, left + window.left, *shape)
        x, y, wide, high = item["bbox"]
        box = [x + window.left, y + window.top, wide, high]
        placed.append({**item, "segmentation": rle, "bbox": box})
    return placed


def without_drawn(results: Sequence[dict], drawn: np.ndarray | None) -> list:
    """COCO results without those that lie mostly on what is drawn (height, width) into the image.

    A wire that touches a caption stays.
    """
    if drawn is None:
        return list(results)
    crops = decode_crops(item["segmentation"] for item in results)
    return [
        item
        for item, crop in zip(results, crops, strict=True)
        if not crop.pixels.any() or drawn[crop.place][crop.pixels].mean() < DRAWN_SHARE
    ]


def cut_by(window: Sequence[int], boxes: np.ndarray) -> np.ndarray:
    """Of boxes (N, 4) x, y, width, height, whether they reach the edge of a window (N,)."""
    left, top, right, bottom = window
    x, y, wide, high = np.asarray(boxes, dtype=float).reshape(-1, 4).T
    return (x <= left) | (y <= top) | (x + wide >= right) | (y + high >= bottom)
