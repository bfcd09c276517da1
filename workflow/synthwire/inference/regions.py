"""What Detectron2's Mask R-CNN does between its layers: anchors, boxes, suppression."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

BOXES_AT_ONCE = 64  # that are compared with all others: more take memory, and no less time each
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


def _kept(boxes: np.ndarray, groups: np.ndarray, limit: float) -> np.ndarray:
    """Which of the boxes (N, 4), best first, no kept one of their group overlaps by more."""
    kept = np.ones(len(boxes), dtype=np.bool_)
    full = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)  # an empty box overlaps with none
    for group in np.unique(groups):
        left = np.flatnonzero((groups == group) & full)
        while len(left):
            for one, others in _overlapping(boxes[left], limit):
                if kept[left[one]]:
                    kept[left[others]] = False
            left = left[BOXES_AT_ONCE:]
            left = left[kept[left]]
    return kept


def _overlapping(boxes: np.ndarray, limit: float) -> Iterator[tuple[int, np.ndarray]]:
    """Of the first boxes in turn those whose IoU with later ones is above a limit, and these."""
    x0, y0, x1, y1 = boxes.T.copy()
    areas = (x1 - x0) * (y1 - y0)
    first = slice(BOXES_AT_ONCE), np.newaxis
    # most pairs have nothing in common: comparisons alone find the others
    meet = (x0[first] < x1) & (x1[first] > x0) & (y0[first] < y1) & (y1[first] > y0)
    one, other = np.nonzero(meet)
    across = np.minimum(x1[one], x1[other]) - np.maximum(x0[one], x0[other])
    down = np.minimum(y1[one], y1[other]) - np.maximum(y0[one], y0[other])
    common = across * down
    iou = common / (areas[one] + areas[other] - common)
    over = (iou > np.float64(limit)) & (other > one)  # a plain float would be rounded to 32 bits
    one, other = one[over], other[over]
    found = np.unique(one, return_index=True, return_counts=True)
    for which, begin, count in zip(*(each.tolist() for each in found), strict=True):
        yield which, other[begin : begin + count]


def levels_of(boxes: np.ndarray, canonical: tuple[int, int], least: int, most: int) -> np.ndarray:
    """Level (N,) of the pyramid, counted from `least`, at which a box's features are looked up.

    canonical: a box's side and its level (Lin et al., CVPR 2017, equation 1).
    """
    side, level = canonical
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    found = np.floor(level + np.log2(np.sqrt(areas) / side + np.float32(1e-8)))
    return (np.clip(found, least, most) - least).astype(np.int64)
