"""From soft masks of regions to masks in the image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import grid_sample

MASK_THRESHOLD = 0.5  # Detectron2's


def mask_confidence(masks: torch.Tensor) -> torch.Tensor:
    """Mean probability (N,) of the pixels of soft masks (N, 1, M, M) above the threshold, 0 where
    there is none (Wang et al., NeurIPS 2020, call it maskness).
    """
    inside = masks >= MASK_THRESHOLD
    return (masks * inside).sum(dim=(1, 2, 3)) / inside.sum(dim=(1, 2, 3)).clamp(min=1)


def paste_masks(
    masks: torch.Tensor, boxes: torch.Tensor, height: int, width: int
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Boolean masks within their boxes, each with the row and column of its upper left pixel.

    masks: soft (N, 1, M, M); boxes: (N, 4) as x0, y0, x1, y1 in an image (height, width). The
    pixels are those of Detectron2's `paste_masks_in_image`, without an image's worth of memory and
    time for each mask. Measured: with that function a prediction of the bundled model takes 1.18
    times as long, with 16-bit numbers 1.30 times.
    """
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.numpy(), strict=True):
        left, across = _samples(x0, x1, width)
        top, down = _samples(y0, y1, height)
        grid = np.empty((1, len(down), len(across), 2), dtype=np.float32)
        grid[..., 0] = across
        grid[..., 1] = down[:, np.newaxis]
        soft = grid_sample(mask[np.newaxis], torch.from_numpy(grid), align_corners=False)[0, 0]
        yield (soft >= MASK_THRESHOLD).numpy(), top, left


def _samples(low: np.float32, high: np.float32, length: int) -> tuple[int, np.ndarray]:
    """First pixel, along one side of the image, of those that a box may touch, and where they all
    lie in the box, from −1 to 1; in the order of Detectron2's arithmetic, so that it rounds alike.
    """
    first, last = max(0, math.floor(low) - 1), min(length, math.ceil(high) + 1)
    centres = np.arange(first, last, dtype=np.float32) + np.float32(0.5)
    return first, (centres - low) / (high - low) * 2 - 1
