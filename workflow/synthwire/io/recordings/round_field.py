"""Round fields of view: a screen or an eyepiece in the middle, and about it one plain grey.

A large round particle on a plain ground looks the same, but is no wire.
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
_MIDDLE = 0.25  # of each side, by which the centre may be off
_ROUND = 0.015  # of the radius, by which the edge may be off
_ON_CIRCLE = 0.7  # of the edge's pixels
_LEAST_PIECE = 0.01  # of the image; letters in a corner are smaller
_SEEN = 0.6  # of the circle within the image
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


def round_field(values: np.ndarray) -> np.ndarray | None:
    """Where an image (height, width) of finite numbers is a round field of view; None: it has none.

    All four corners lie outside of it.
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
    lit = (ndimage.gaussian_filter(coarse, 1) - level) / contrast
    circle = _circle(lit >= 0.5)
    if circle is None:
        return None
    share = circle.distances(coarse.shape) / circle.radius
    beyond, ring = share > 1 + 2 * _ROUND + 2 / circle.radius, (share > _RING) & (share < 1)
    if not beyond.any() or (abs(lit[beyond]) < _DARK).mean() < _PLAIN:
        return None
    if (lit[ring] >= 0.5).mean() < _LIT:  # wires that lie in a heap on the same ground
        return None
    circle = _Circle(*(step * number for number in circle))
    return circle.distances(values.shape) < _begins(values, circle, level)


def _circle(lit: np.ndarray) -> _Circle | None:
    """The circle about the large pieces of what is lit (height, width); None: there is none."""
    labels, _ = ndimage.label(lit)
    areas = np.bincount(labels.ravel())
    large = areas >= _LEAST_PIECE * lit.size
    large[0] = False
    if not large.any():
        return None
    hull = convex_hull_image(large[labels])  # dark wires may reach the edge
    if hull[[0, 0, -1, -1], [0, -1, 0, -1]].any():
        return None
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
    height, width = lit.shape
    on_it = off <= max(1.5, _ROUND * circle.radius)
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    rows = circle.y + circle.radius * np.sin(angles)
    columns = circle.x + circle.radius * np.cos(angles)
    within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    y, x = (points[on_it] - (circle.y, circle.x)).T
    seen = np.zeros(180, dtype=bool)
    seen[np.rint(np.arctan2(y, x) * 90 / np.pi).astype(int) % 180] = True
    if (
        circle.radius < _LEAST_RADIUS * min(height, width)
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
