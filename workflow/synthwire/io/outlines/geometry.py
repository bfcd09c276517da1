"""Rings of points and the masks within them.

Pixel (column i, row j) covers [i, i+1] × [j, j+1].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from skimage.draw import polygon2mask


def fill(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Boolean mask (height, width) of the pixels whose centre lies within a ring (x, y)."""
    points = np.asarray(points, dtype=float)
    return polygon2mask(shape, points[:, ::-1] - 0.5)


def fill_all(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Boolean mask (height, width) of all that a ring (x, y) encloses, however often it runs round.

    Counted are, for each pixel's centre, the sides to its left, downward ones against upward ones.
    """
    height, width = shape
    turns = np.zeros((height, width + 1), dtype=int)
    for (x, y), (to_x, to_y) in zip(points, np.roll(points, -1, axis=0), strict=True):
        low, high = np.clip(np.ceil(np.sort([y, to_y]) - 0.5), 0, height).astype(int)
        rows = np.arange(low, high)
        if len(rows):
            across = x + (rows + 0.5 - y) * (to_x - x) / (to_y - y)
            columns = np.clip(np.ceil(across - 0.5), 0, width).astype(int)
            turns[rows, columns] += 1 if to_y > y else -1
    wound = turns.cumsum(axis=1)[:, :width] != 0
    return np.asarray(ndimage.binary_fill_holes(fill(points, shape) | wound))


def parse_rings(value: Any) -> list[np.ndarray]:
    """Rings of points (n, 2) from the lists that annotation programs write.

    A ring is x0, y0, x1, y1, … or a list of (x, y), or of {"x": …, "y": …}; rings may be nested in
    lists to any depth. ValueError where what should be a number is none; rings that are too short
    come as they are.
    """
    if not isinstance(value, list | tuple) or not value:
        return []
    if all(isinstance(point, dict) for point in value):
        return [np.array([[float(point["x"]), float(point["y"])] for point in value])]
    if not any(isinstance(item, list | tuple) for item in value):
        numbers = np.array([float(item) for item in value])
        return [numbers.reshape(-1, 2) if len(numbers) % 2 == 0 else np.empty((0, 2))]
    pairs = [isinstance(point, list | tuple) and len(point) == 2 for point in value]
    if len(value) > 2 and all(pairs) and not any(isinstance(side, list) for side in value[0]):
        return [np.array([[float(side) for side in point] for point in value])]
    return [ring for item in value for ring in parse_rings(item) or [np.empty((0, 2))]]


def parse_points(value: Any) -> np.ndarray:
    """Points (n, 2) from a list of (x, y); ValueError when it is none."""
    points = np.asarray(value, dtype=float)
    if points.size == 0:
        return np.empty((0, 2))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points are pairs (x, y), not an array of shape {points.shape}")
    return points


def turned_box(
    x: float, y: float, width: float, height: float, turn: float, about: tuple[float, float]
) -> np.ndarray:
    """Corners (4, 2) of a rectangle turned clockwise as seen, in radians, about a point (x, y)."""
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    cos, sin = np.cos(turn), np.sin(turn)
    return (corners - about) @ np.array([[cos, sin], [-sin, cos]]) + about


def crosses_itself(points: np.ndarray) -> bool:
    """Whether a ring of points (x, y) has two sides that properly cross each other.

    Sides that touch or run over each other are no crossing.
    """
    points = np.asarray(points, dtype=float)
    ends = np.roll(points, -1, axis=0)
    if len(points) < 4:
        return False

    def side(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
        cross = (second[..., 0] - first[..., 0]) * (third[..., 1] - first[..., 1]) - (
            second[..., 1] - first[..., 1]
        ) * (third[..., 0] - first[..., 0])
        return np.sign(cross)

    # In slices, so that an outline of ten thousand points needs no hundred million numbers.
    for start in range(0, len(points), 256):
        a, b = points[start : start + 256, np.newaxis], ends[start : start + 256, np.newaxis]
        c, d = points[np.newaxis], ends[np.newaxis]
        apart = side(a, b, c) * side(a, b, d)
        if ((apart < 0) & (side(c, d, a) * side(c, d, b) < 0)).any():
            return True
    return False


def rings_of(mask: np.ndarray, top: int = 0, left: int = 0) -> list[np.ndarray]:
    """The closed borders (x, y) of a mask along its pixels' sides, holes included.

    mask: boolean (height, width), or its crop at row `top`, column `left`. Filled by the even-odd
    rule the borders give the mask again exactly.
    """
    padded = np.pad(np.asarray(mask, dtype=bool), 1)
    # Directed sides with the mask on their right: east over the top of a pixel, and so on round.
    above, below = padded[:-1, 1:-1], padded[1:, 1:-1]
    before, behind = padded[1:-1, :-1], padded[1:-1, 1:]
    sides = []
    for changed, start, end in (
        (below & ~above, (0, 0), (1, 0)),
        (above & ~below, (1, 0), (0, 0)),
        (before & ~behind, (0, 0), (0, 1)),
        (behind & ~before, (0, 1), (0, 0)),
    ):
        y, x = np.nonzero(changed)
        y, x = y + top, x + left
        sides.append(np.column_stack([x + start[0], y + start[1], x + end[0], y + end[1]]))
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for x, y, to_x, to_y in np.concatenate(sides).tolist():
        following.setdefault((x, y), []).append((to_x, to_y))
    rings = []
    while following:
        start = next(iter(following))
        ring, point = [start], start
        while True:
            choices = following[point]
            following_point = choices.pop()
            if not choices:
                del following[point]
            point = following_point
            if point == start:
                break
            ring.append(point)
        points = np.array(ring)
        before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
        straight = ((points - before) == (after - points)).all(axis=1)
        # Runs of unit steps in one direction: only their ends are corners.
        rings.append(points[~straight])
    return rings
