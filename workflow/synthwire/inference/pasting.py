"""From soft masks of regions to masks in the image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

MASK_THRESHOLD = 0.5  # Detectron2's


def mask_confidence(masks: np.ndarray) -> np.ndarray:
    """Mean probability (N,) of the pixels of soft masks (N, M, M) above the threshold, 0 where
    there is none (Wang et al., NeurIPS 2020, call it maskness).
    """
    inside = masks >= MASK_THRESHOLD
    return (masks * inside).sum(axis=(1, 2)) / np.maximum(inside.sum(axis=(1, 2)), 1)


def paste_masks(
    masks: np.ndarray, boxes: np.ndarray, height: int, width: int
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Boolean masks within their boxes, each with the row and column of its upper left pixel.

    masks: soft (N, M, M), float32; boxes: (N, 4) as x0, y0, x1, y1 in an image (height, width). The
    pixels are those of Detectron2's `paste_masks_in_image`, without an image's worth of memory and
    time for each mask.
    """
    bins = masks.shape[-1]
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(np.float32), strict=True):
        left, across = _samples(x0, x1, width, bins)
        top, down = _samples(y0, y1, height, bins)
        padded = np.pad(mask, 1)  # outside a region there is nothing
        (x, right), (y, lower) = _between(across, bins), _between(down, bins)
        rows = padded[y], padded[y + 1]
        upper, low = (1 - lower)[:, np.newaxis], lower[:, np.newaxis]
        soft = (
            rows[0][:, x] * (upper * (1 - right))
            + rows[0][:, x + 1] * (upper * right)
            + rows[1][:, x] * (low * (1 - right))
            + rows[1][:, x + 1] * (low * right)
        )
        yield soft >= MASK_THRESHOLD, top, left


def _samples(low: np.float32, high: np.float32, length: int, bins: int) -> tuple[int, np.ndarray]:
    """First pixel, along one side of the image, of those that a box may touch, and where they all
    lie among the bins of its mask; in the order of PyTorch's arithmetic, so that it rounds alike.
    """
    first, last = max(0, math.floor(low) - 1), min(length, math.ceil(high) + 1)
    centres = np.arange(first, last, dtype=np.float32) + np.float32(0.5)
    relative = (centres - low) / (high - low) * 2 - 1
    return first, (relative + 1) * np.float32(bins / 2) - np.float32(0.5)


def _between(places: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each place the bin before it, counted in a padded mask, and the share of the next one."""
    before = np.floor(places)
    share = places - before
    outside = (before < -1) | (before > bins - 1)
    # outside, both neighbours are to be nothing
    return np.where(outside, 0, before + 1).astype(int), np.where(outside, 0, share)
