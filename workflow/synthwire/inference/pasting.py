"""From soft masks of regions to masks in the image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

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
    bins = masks.shape[-1]
    # around a mask there is nothing: a bin before, and two behind for pixels that lie outside
    framed = np.zeros((bins + 3, bins + 3), dtype=np.float32)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(np.float32), strict=True):
        left, right = _reach(x0, x1, width)
        top, bottom = _reach(y0, y1, height)
        framed[1:-2, 1:-2] = mask
        x, across = _bins_before(left, right, x0, x1, bins)
        y, down = _bins_before(top, bottom, y0, y1, bins)
        down = down[:, None]
        upper, lower = framed.take(y, axis=0), framed.take(y + 1, axis=0)
        soft = upper.take(x, axis=1) * ((_ONE - down) * (_ONE - across))
        soft += upper.take(x + 1, axis=1) * ((_ONE - down) * across)
        soft += lower.take(x, axis=1) * (down * (_ONE - across))
        soft += lower.take(x + 1, axis=1) * (down * across)
        yield soft >= MASK_THRESHOLD, top, left


def _reach(low: np.float32, high: np.float32, length: int) -> tuple[int, int]:
    """First pixel along one side of the image that a box may touch, and the one after the last."""
    first = max(0, math.floor(low) - 1)
    return first, max(first, min(length, math.ceil(high) + 1))


def _bins_before(
    first: int, end: int, low: np.float32, high: np.float32, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """For pixels from `first` to `end`, along one side of a mask's box, the bin before each centre,
    0 for the one before the mask, and the share of the next one. Where both are outside it is the
    bin behind the mask. In the order of PyTorch's arithmetic, so that it rounds alike.
    """
    centres = np.arange(first, end).astype(np.float32) + _HALF
    with np.errstate(all="ignore"):  # a box without a width has its pixels at infinity
        relative = (centres - low) / (high - low) * _TWO - _ONE
        place = (relative + _ONE) * np.float32(bins / 2) - _HALF
        before = np.floor(place)
        within = (before >= -1) & (before <= bins - 1)
        share = np.where(within, place - before, np.float32(0))
    return np.where(within, before + _ONE, np.float32(bins + 1)).astype(np.int64), share
