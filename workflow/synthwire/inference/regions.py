"""What Detectron2's Mask R-CNN does between its layers: anchors, boxes, suppression."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit

LARGEST_STEP = math.log(1000.0 / 16)  # of a side's logarithm, as Detectron2 clamps it


def anchors(cells: np.ndarray, stride: int, offset: float, shape: tuple[int, int]) -> np.ndarray:
    """Anchors (rows × columns × A, 4) of a level (rows, columns); cells: (A, 4) about a pixel."""
    y, x = (
        np.arange(offset * stride, side * stride, stride, dtype=np.float32)[:side] for side in shape
    )
    x, y = (grid.ravel() for grid in np.meshgrid(x, y))
    shifts = np.stack([x, y, x, y], axis=1)
    return (shifts[:, None] + cells[None]).reshape(-1, 4)


def moved(boxes: np.ndarray, deltas: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Boxes (N, 4) moved by deltas (N, 4): of the centre in sides, of the sides in logarithms."""
    sides = boxes[:, 2:] - boxes[:, :2]
    centres = boxes[:, :2] + np.float32(0.5) * sides
    steps = deltas / np.asarray(weights, dtype=np.float32)
    centres = steps[:, :2] * sides + centres
    sides = np.exp(np.minimum(steps[:, 2:], np.float32(LARGEST_STEP))) * sides
    half = np.float32(0.5) * sides
    return np.concatenate([centres - half, centres + half], axis=1)


def clipped(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes cut off at the border of an image (height, width)."""
    height, width = shape
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=np.float32))


def suppressed(boxes: np.ndarray, scores: np.ndarray, groups: np.ndarray, iou: float) -> np.ndarray:
    """Places, best score first, of the boxes that no surer one of their group overlaps by more."""
    order = np.argsort(-scores, kind="stable")
    kept = _kept(boxes[order].astype(np.float32), groups[order].astype(np.int64), iou)
    return order[kept]


@njit(cache=True, nogil=True)
def _kept(boxes: np.ndarray, groups: np.ndarray, limit: float) -> np.ndarray:
    count = len(boxes)
    kept = np.ones(count, dtype=np.bool_)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for one in range(count):
        if not kept[one]:
            continue
        for other in range(one + 1, count):
            if not kept[other] or groups[one] != groups[other]:
                continue
            across = min(boxes[one, 2], boxes[other, 2]) - max(boxes[one, 0], boxes[other, 0])
            down = min(boxes[one, 3], boxes[other, 3]) - max(boxes[one, 1], boxes[other, 1])
            if across <= 0 or down <= 0:
                continue
            common = across * down
            if common / (areas[one] + areas[other] - common) > limit:
                kept[other] = False
    return kept


def levels_of(boxes: np.ndarray, canonical: tuple[int, int], least: int, most: int) -> np.ndarray:
    """Level (N,) of the pyramid, counted from `least`, at which a box's features are looked up.

    canonical: a box's side and its level (Lin et al., CVPR 2017, equation 1).
    """
    side, level = canonical
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    found = np.floor(level + np.log2(np.sqrt(areas) / side + np.float32(1e-8)))
    return (np.clip(found, least, most) - least).astype(np.int64)
