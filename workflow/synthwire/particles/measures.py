"""What one mask measures.

Length, width and aspect ratio come from the rectangle of least area around a mask, as in Lin et
al., npj Comput. Mater. 8, 88 (2022); orientation is that of the mask's principal axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

# Perimeter by Crofton's formula for each neighbourhood of 2 × 2 pixels: 1 for the one at its lower
# right, 2 for that above it, 4 for that on its left, 8 for the one between these. See
# Legland, Kiêu and Devaux, Image Anal. Stereol. 26, 83 (2007).
_EIGHTH, _SLANTED = math.pi / 4, math.pi / (4 * math.sqrt(2))
_CROFTON = np.array(
    [
        *(0, _EIGHTH + _SLANTED, _SLANTED, 2 * _SLANTED, 0, _EIGHTH + _SLANTED, 0, _SLANTED),
        *(_EIGHTH, 2 * _EIGHTH, _SLANTED, _SLANTED, _EIGHTH, 2 * _EIGHTH, 0, 0),
    ]
)


class Measures(NamedTuple):
    """What a mask measures, in pixels and degrees."""

    area: int
    length: float
    width: float
    aspect_ratio: float
    orientation: float
    perimeter: float
    solidity: float
    curvature: float


def measure_mask(mask: np.ndarray) -> Measures:
    """Measures of a boolean mask (height, width).

    - length ≥ width: sides of the rectangle of least area around the mask. An axis-parallel
      10 × 3 rectangle of pixels measures 10 × 3; a slanted rectangle within one pixel of its
      true sides (see `_minimum_area_rectangle`).
    - orientation: in [0, 180) degrees from the horizontal axis, counter-clockwise as seen, of
      the longer principal axis of the mask's pixels, which follows the alignment of short and
      bent particles better than a side of the rectangle.
    - perimeter: by Crofton's formula in four directions; of rectangles 1 % short on average,
      at most 9 % off.
    - solidity: area over the number of pixels in the convex hull, 1 for convex masks.
    - curvature: of the parabola that fits the pixels along the principal axis, at its vertex, in
      1/pixel; 0 for straight particles, about 1/R for one bent along a circle of radius R.

    An empty mask measures 0 and NaN.

    >>> measure_mask(np.ones((3, 10), dtype=bool))[:5]
    (30, 10.0, 3.0, 3.3333333333333335, 0.0)
    """
    rows, columns = np.nonzero(mask)
    area = len(rows)
    if area == 0:
        return Measures(0, *[math.nan] * 7)
    corners = _outline(rows, columns)
    length, width = _minimum_area_rectangle(corners)
    orientation = _orientation(rows, columns)
    return Measures(
        area,
        length,
        width,
        length / width,
        orientation,
        _perimeter(mask),
        area / _pixels_in_hull(corners),
        _curvature(rows, columns, orientation),
    )


def in_square_pixels(mask: np.ndarray, size: Sequence[float]) -> tuple[np.ndarray, float]:
    """A boolean mask (height, width) as square pixels show it, and their side.

    size: of the mask's own pixels (down, across), in any unit. The side is the shorter one of
    these, but no less than a sixteenth of the longer, so that no mask becomes too large.
    """
    side = max(min(size), max(size) / 16)
    if math.isclose(*size):
        return mask, side
    enlarged = np.array(size) / side
    padded = np.pad(mask, 1).astype(np.float32)
    shape = np.ceil(padded.shape * enlarged).astype(int)
    # places count from the corner of the first pixel, SciPy's from its centre
    shown = ndimage.affine_transform(
        padded, 1 / enlarged, 0.5 / enlarged - 0.5, tuple(shape), order=1
    )
    return shown > 0.5, side


def _perimeter(mask: np.ndarray) -> float:
    """The perimeter by Crofton's formula in four directions."""
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.uint8)
    padded[1:-1, 1:-1] = mask
    neighbours = padded[1:, 1:] + 2 * padded[:-1, 1:] + 4 * padded[1:, :-1] + 8 * padded[:-1, :-1]
    return float(_CROFTON @ np.bincount(neighbours.ravel(), minlength=16))


def _orientation(rows: np.ndarray, columns: np.ndarray) -> float:
    x = columns - columns.mean()
    y = rows.mean() - rows  # rows run downwards; angles are counter-clockwise as seen
    angle = 0.5 * math.atan2(2.0 * float(x @ y), float(x @ x - y @ y))
    degrees = math.degrees(angle) % 180.0
    return degrees if degrees < 180.0 - 1e-9 else 0.0


def _curvature(rows: np.ndarray, columns: np.ndarray, orientation: float) -> float:
    x, y = columns - columns.mean(), rows.mean() - rows
    cosine, sine = math.cos(math.radians(orientation)), math.sin(math.radians(orientation))
    along, across = cosine * x + sine * y, cosine * y - sine * x
    spread = float(along @ along)
    if spread == 0:
        return 0.0
    # the parabola orthogonal to constants and straight lines over these pixels
    square = along**2
    bow = square - square.mean() - float(along @ square) / spread * along
    weight = float(bow @ bow)
    if weight < 1e-9 * float(square @ square):
        return 0.0  # fewer than three places along the axis
    return 2.0 * abs(float(bow @ across)) / weight


def _pixels_in_hull(corners: np.ndarray) -> float:
    """Number of pixel centres in a convex polygon whose corners are centres (Pick's theorem)."""
    following = np.roll(corners, -1, axis=0)
    twice_area = abs(
        float(np.sum(corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]))
    )
    steps = np.abs(following - corners).astype(np.int64)
    on_edge = int(np.gcd(steps[:, 0], steps[:, 1]).sum())
    return (twice_area + on_edge) / 2 + 1


def _minimum_area_rectangle(centres: np.ndarray) -> tuple[float, float]:
    """Sides (longer, shorter), in pixels, of the rectangle of least area around a mask.

    The rectangle is laid around the convex hull of the pixels' `centres`, and grown by what the
    sampling cuts off, on average. Rows of centres parallel to a side are 1 pixel apart along the
    grid's axes and √½ along its diagonals; such a side lies half a spacing outside the last row,
    less when it sweeps over part of the spacing. Any other side of length l lies about 1/(l + 1)
    outside, the expected least of l evenly spread gaps. The hull of whole pixels would measure
    slanted wires up to 1.4 pixels too wide.
    """
    edges = np.diff(centres, axis=0, append=centres[:1])
    edges = edges[np.any(edges != 0, axis=1)]
    if len(edges) == 0:
        return 1.0, 1.0
    along = edges / np.hypot(edges[:, 0], edges[:, 1])[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    first = np.ptp(centres @ along.T, axis=0)
    second = np.ptp(centres @ across.T, axis=0)
    # sines of the angles to the nearest grid axis and diagonal, the same for both pairs of sides
    low, high = np.abs(along).min(axis=1), np.abs(along).max(axis=1)
    to_axis, to_diagonal = low, (high - low) * math.sqrt(0.5)

    def cut_off(side: np.ndarray) -> np.ndarray:
        parallel = [
            spacing * np.maximum(0.0, 1.0 - side * sine / spacing) ** 2
            for sine, spacing in ((to_axis, 1.0), (to_diagonal, math.sqrt(0.5)))
        ]
        return np.maximum.reduce([*parallel, np.minimum(1.0, 2.0 * high / (side + 1.0))])

    sides = np.stack([first + cut_off(second), second + cut_off(first)])
    best = np.argmin(sides.prod(axis=0))
    shorter, longer = sorted(sides[:, best])
    return float(longer), float(max(shorter, 1.0))  # no particle is thinner than a pixel


def _outline(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Corners (x, y) of the convex hull of pixel centres, in order; two when they lie in line."""
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    spread = points - points[0]
    farthest = spread[np.argmax((spread**2).sum(axis=1))]
    if not np.any(farthest[0] * spread[:, 1] - farthest[1] * spread[:, 0]):
        order = np.argsort(points @ farthest)
        return points[order[[0, -1]]]
    # the outermost pixels of each row hold all corners of the hull, and are far fewer
    starts = np.flatnonzero(np.diff(rows, prepend=-1))  # np.nonzero goes row by row
    ends = np.append(starts[1:], len(rows)) - 1
    candidates = points[np.unique(np.concatenate([starts, ends]))]
    return candidates[ConvexHull(candidates).vertices]
