"""From soft masks of regions to masks in the image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numba import njit

MASK_THRESHOLD = 0.5  # Detectron2's
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)


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
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(np.float32), strict=True):
        left, right = _reach(x0, x1, width)
        top, bottom = _reach(y0, y1, height)
        inside = np.zeros((bottom - top, right - left), dtype=np.bool_)
        _paste(mask, (x0, y0, x1, y1), top, left, inside)
        yield inside, top, left


def _reach(low: np.float32, high: np.float32, length: int) -> tuple[int, int]:
    """First pixel along one side of the image that a box may touch, and the one after the last."""
    first = max(0, math.floor(low) - 1)
    return first, max(first, min(length, math.ceil(high) + 1))


@njit(cache=True, nogil=True, error_model="numpy")
def _paste(
    mask: np.ndarray,
    box: tuple[np.float32, np.float32, np.float32, np.float32],
    top: int,
    left: int,
    inside: np.ndarray,
) -> None:
    """Write into `inside`, whose first pixel is at `top`, `left`, where a soft mask in its box is
    above the threshold.
    """
    x0, y0, x1, y1 = box
    bins = mask.shape[0]
    rows, columns = inside.shape
    x, right = np.empty(columns, np.int64), np.empty(columns, np.float32)
    for i in range(columns):
        x[i], right[i] = _bin_before(left + i, x0, x1, bins)
    for j in range(rows):
        y, lower = _bin_before(top + j, y0, y1, bins)
        if y < -1:
            continue
        upper = _ONE - lower
        for i in range(columns):
            if x[i] < -1:
                continue
            rest = _ONE - right[i]
            soft = (
                _at(mask, y, x[i]) * (upper * rest)
                + _at(mask, y, x[i] + 1) * (upper * right[i])
                + _at(mask, y + 1, x[i]) * (lower * rest)
                + _at(mask, y + 1, x[i] + 1) * (lower * right[i])
            )
            inside[j, i] = soft >= MASK_THRESHOLD


@njit(cache=True, nogil=True, error_model="numpy")
def _bin_before(pixel: int, low: np.float32, high: np.float32, bins: int) -> tuple[int, np.float32]:
    """The bin of a mask before a pixel's centre, along one side of its box, and the share of the
    next one; −2 where both are outside. In the order of PyTorch's arithmetic, so that it rounds
    alike.
    """
    relative = (np.float32(pixel) + _HALF - low) / (high - low) * _TWO - _ONE
    place = (relative + _ONE) * np.float32(bins / 2) - _HALF
    before = np.floor(place)
    if not -1 <= before <= bins - 1:
        return -2, np.float32(0)
    return int(before), place - before


@njit(cache=True, nogil=True)
def _at(mask: np.ndarray, row: int, column: int) -> np.float32:
    """A bin of a mask; outside there is nothing."""
    if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]:
        return mask[row, column]
    return np.float32(0)
