"""The contour of a particle as a smooth closed curve, a periodic cubic spline.

A mask's outline goes in steps of pixels, which lengthen it by up to two fifths. The smoothing
spline through it is, for evenly spaced points of a closed line, a filter of its Fourier series
(Unser, IEEE Signal Process. Mag. 16, 22 (1999)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from skimage.measure import find_contours

from synthwire.io.masks import decode_crop
from synthwire.particles import tracing

STEP = 0.5  # px between the points that are filtered
CUTOFF_PX = 5.0  # waves that are shorter lose half or more: pixels' steps, and their aliases
KNOT_PX = 2.5  # between knots; the filter leaves nothing shorter
CONTOUR_COLUMNS = {
    "id": "number of the particle",
    "ring": "which of its contours, the outermost first; others are holes or parts of their own",
    "x_px": "place of a knot of the spline, from the image's left edge",
    "y_px": "place of it, from the upper edge",
}


@dataclass(frozen=True)
class Contour:
    """A closed spline of arc length; knots (n, 2) as x, y in px of the image, none twice."""

    spline: CubicSpline
    length: float

    @property
    def knots(self) -> np.ndarray:
        return self.spline(self.spline.x[:-1])

    @property
    def area(self) -> float:
        """Area within it, in px²; negative of a hole."""
        points = self.spline(np.linspace(0, self.spline.x[-1], 8 * len(self.spline.x)))
        return float(points[:-1, 0] @ points[1:, 1] - points[1:, 0] @ points[:-1, 1]) / 2


def contours_of(mask: np.ndarray, left: int = 0, top: int = 0) -> list[Contour]:
    """Smooth contours of a boolean mask (height, width), or of its crop at `left`, `top`.

    The longest first; those of holes run the other way round. Rings that are shorter than the
    filter is wide are left out.
    """
    padded = np.pad(np.asarray(mask, dtype=float), 1)
    found = []
    for line in find_contours(padded, 0.5, positive_orientation="low"):
        ring = line[:, ::-1] + (left - 0.5, top - 0.5)
        contour = _smooth(ring)
        if contour is not None:
            found.append(contour)
    return sorted(found, key=lambda contour: -contour.length)


def _smooth(ring: np.ndarray) -> Contour | None:
    """The spline of a closed line (n, 2) whose last point is its first."""
    points = tracing.evenly(ring, STEP)[:-1]
    count = len(points)
    around = count * STEP
    if around < 2 * CUTOFF_PX:
        return None
    waves = np.fft.rfftfreq(count, STEP)
    passed = 1 / (1 + (waves * CUTOFF_PX) ** 4)
    values = np.fft.irfft(np.fft.rfft(points, axis=0) * passed[:, None], count, axis=0)
    knots = max(6, round(around / KNOT_PX))
    places = np.linspace(0, count, knots + 1)
    closed = np.concatenate([values, values[:1]])
    chosen = np.stack(
        [np.interp(places, np.arange(count + 1), closed[:, axis]) for axis in range(2)], axis=1
    )
    chosen[-1] = chosen[0]
    steps = np.hypot(*np.diff(chosen, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    spline = CubicSpline(along, chosen, bc_type="periodic")
    dense = spline(np.linspace(0, along[-1], 8 * knots + 1))
    return Contour(spline, float(np.hypot(*np.diff(dense, axis=0).T).sum()))


def contour_table(rles: Mapping[int, Mapping]) -> pd.DataFrame:
    """A row a knot of the contours of masks by their ids, with the columns of `CONTOUR_COLUMNS`."""
    tables = []
    for number, rle in rles.items():
        crop, top, left = decode_crop(dict(rle))
        for ring, contour in enumerate(contours_of(crop, left, top)):
            knots = contour.knots
            size = len(knots)
            tables.append(np.column_stack([np.full(size, number), np.full(size, ring), knots]))
    rows = np.concatenate(tables) if tables else np.empty((0, len(CONTOUR_COLUMNS)))
    table = pd.DataFrame(rows, columns=list(CONTOUR_COLUMNS))
    return table.astype({"id": int, "ring": int})
