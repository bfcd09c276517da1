"""Pictures within one plain grey: a round screen or eyepiece, or a picture on a slide.

The grey need not be one number, as after JPEG. A large round particle on a plain ground looks the
same, but is no wire.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

_COARSE = 512  # pixels of the longer side in which the circle is sought
_CORNER = 0.04  # of the shorter side
_STEP = 8  # times the corners' noise, from the corners to the middle
_LEAST_RADIUS = 0.25  # of the shorter side
_LEAST_RADIUS_PX = 32  # coarse ones; a smaller square could pass for a circle
_MIDDLE = 0.25  # of each side, by which the centre may be off
_ROUND = 0.015  # of the radius, by which the edge may be off
_ON_CIRCLE = 0.7  # of the edge's pixels
_LEAST_PIECE = 0.01  # of the image; letters in a corner are smaller
_SEEN = 0.6  # of the circle within the image
_FILLED, _CALM = 0.97, 0.3  # of a rectangle; of the steps between pixels in it, those about it
_PLAIN, _DARK = 0.98, 0.2  # of what lies about it; of the step, that it may have
_RING, _LIT = 0.85, 0.6  # of the radius; of what lies between, how much is lit at least
_FULL = 0.9  # of the step, from which the field has begun


class _Circle(NamedTuple):
    y: float
    x: float
    radius: float

    def distances(self, shape: tuple[int, ...]) -> np.ndarray:
        """Of the pixels of an image (height, width) from the centre."""
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        return np.asarray(np.hypot(rows - self.y, columns - self.x))


def framed(values: np.ndarray) -> np.ndarray | None:
    """Where an image (height, width) of finite numbers is a framed picture; None: it has none.

    All four corners lie outside of it. It is a disc, or a rectangle along the rows.
    """
    step = -(-max(values.shape) // _COARSE)
    coarse = values[::step, ::step].astype(np.float32)
    height, width = coarse.shape
    side = max(2, round(_CORNER * min(coarse.shape)))
    ends = (slice(side), slice(-side, None))
    corners = np.array([coarse[rows, columns].ravel() for rows in ends for columns in ends])
    level = float(np.median(corners))
    noise = float(np.median(abs(corners - level)))
    inner = coarse[height // 3 : -height // 3, width // 3 : -width // 3]
    contrast = float(np.median(inner)) - level
    least = max(_STEP * noise, 0.1 * float(np.ptp(coarse)))
    if abs(contrast) <= least or (abs(np.median(corners, axis=1) - level) > least / 2).any():
        return None
    sharp = (coarse - level) / contrast
    lit = ndimage.gaussian_filter(sharp, 1)
    hull = _hull(lit >= 0.5)
    if hull is None:
        return None
    box = _box(hull, sharp)
    if box is not None:
        if not _is_plain(lit[~_grown(box, lit.shape)]):
            return None
        shown = np.zeros(values.shape, dtype=bool)
        shown[tuple(slice(step * side.start, step * side.stop) for side in box)] = True
        return shown
    circle = _circle(hull)
    if circle is None:
        return None
    share = circle.distances(coarse.shape) / circle.radius
    beyond, ring = share > 1 + 2 * _ROUND + 2 / circle.radius, (share > _RING) & (share < 1)
    if not beyond.any() or not _is_plain(lit[beyond]):
        return None
    if (lit[ring] >= 0.5).mean() < _LIT:  # wires that lie in a heap on the same ground
        return None
    circle = _Circle(*(step * number for number in circle))
    return circle.distances(values.shape) < _begins(values, circle, level)


def _is_plain(values: np.ndarray) -> bool:
    """Whether what lies about a picture, 0 in the corners and 1 in the middle, is of one grey."""
    return bool((abs(values) < _DARK).mean() >= _PLAIN)


def _hull(lit: np.ndarray) -> np.ndarray | None:
    """The convex hull of the large pieces of what is lit (height, width), if no corner is in it."""
    labels, _ = ndimage.label(lit)
    areas = np.bincount(labels.ravel())
    large = areas >= _LEAST_PIECE * lit.size
    large[0] = False
    if not large.any():
        return None
    hull = np.asarray(convex_hull_image(large[labels]))  # dark wires may reach the edge
    return None if hull[[0, 0, -1, -1], [0, -1, 0, -1]].any() else hull


def _box(hull: np.ndarray, lit: np.ndarray) -> tuple[slice, slice] | None:
    """The rows and columns of a rectangle that has noise, and nothing about it has; else None."""
    rows, columns = ndimage.find_objects(hull.astype(np.uint8))[0]
    rows = _without_frame(lit[:, columns], rows)  # what is beside a dark wire looks lit
    columns = _without_frame(lit[rows].T, columns)
    box = (rows, columns)
    sides = (rows.stop - rows.start, columns.stop - columns.start)
    if hull[box].mean() < _FILLED or min(sides) < 2 * _LEAST_RADIUS * min(hull.shape):
        return None
    steps = abs(np.diff(lit, axis=1))
    within = np.zeros(steps.shape, dtype=bool)
    within[box] = True
    beyond = ~_grown(box, steps.shape)
    if not beyond.any() or steps[beyond].mean() >= _CALM * np.median(steps[within]):
        return None
    return box


def _without_frame(lit: np.ndarray, rows: slice) -> slice:
    """The rows of an image (height, width) without those at their ends that are frame."""
    own = np.flatnonzero(np.median(lit[rows], axis=1) >= 0.5)
    return slice(rows.start + own[0], rows.start + own[-1] + 1) if len(own) else rows


def _grown(box: tuple[slice, slice], shape: tuple[int, ...]) -> np.ndarray:
    """Where a rectangle is, with the blocks of a JPEG about it (boolean, of `shape`)."""
    grown = np.zeros(shape, dtype=bool)
    grown[tuple(slice(max(0, side.start - 8), side.stop + 8) for side in box)] = True
    return grown


def _circle(hull: np.ndarray) -> _Circle | None:
    """The circle that a hull (height, width) is; None: it is none."""
    points = np.argwhere(~hull & ndimage.binary_dilation(hull)).astype(float)
    near = np.ones(len(points), dtype=bool)
    circle = _Circle(0, 0, 0)
    for _ in range(8):  # without what is not on the circle of the others
        if near.sum() < 8:
            return None
        y, x = points[near].T
        sides = np.column_stack([y, x, np.ones_like(y)])
        (b, a, c), *_ = np.linalg.lstsq(sides, y**2 + x**2, rcond=None)
        circle = _Circle(b / 2, a / 2, float(np.sqrt(max(0.0, c + (a**2 + b**2) / 4))))
        off = abs(np.hypot(points[:, 0] - circle.y, points[:, 1] - circle.x) - circle.radius)
        near = off <= max(1.5, _ROUND * circle.radius, np.median(off))
    height, width = hull.shape
    on_it = off <= max(1.5, _ROUND * circle.radius)
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    rows = circle.y + circle.radius * np.sin(angles)
    columns = circle.x + circle.radius * np.cos(angles)
    within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    y, x = (points[on_it] - (circle.y, circle.x)).T
    seen = np.zeros(180, dtype=bool)
    seen[np.rint(np.arctan2(y, x) * 90 / np.pi).astype(int) % 180] = True
    if (
        circle.radius < max(_LEAST_RADIUS_PX, _LEAST_RADIUS * min(height, width))
        or abs(circle.y / height - 0.5) > _MIDDLE
        or abs(circle.x / width - 0.5) > _MIDDLE
        or on_it.mean() < _ON_CIRCLE
        or ndimage.binary_dilation(seen)[within].mean() < _SEEN
    ):
        return None
    return circle


def _begins(values: np.ndarray, circle: _Circle, level: float) -> float:
    """The radius from which the field has its full brightness, in px."""
    near = np.rint(circle.distances(values.shape)).astype(int)
    outer = int(1.05 * circle.radius) + 2
    inner = int(0.8 * circle.radius)
    ring = (near >= inner) & (near <= outer)
    profile = ndimage.median(values[ring], near[ring], np.arange(inner, outer + 1)) - level
    full = np.median(profile[: (outer - inner) // 2])
    lit = np.flatnonzero(profile / full >= _FULL)
    return float(inner + lit[-1]) if len(lit) else circle.radius
