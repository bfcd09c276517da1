"""The centre-line of a wire, and its width along it.

A first line - the axis of a mask that is a bar, else the way through the mask's middle between the
two pixels that lie farthest apart within it - is fitted with parabolas, laid between the edges that
rays across it meet, and extended to the mask's ends. An end is where the line leaves the mask; over
the last half width there rays across would meet the end's face, so no width is measured. Nor is
there beside a crossing, where an edge is another wire's; the line is led over it by what lies on
both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.graph import MCP_Geometric

from synthwire.particles import tracing

ROUNDS = 3  # of laying the way between the edges; a fourth moves it by less than 0.05 px
BAR_ROUNDS = 2  # of laying an axis, which lacks the steps of pixels that a way has
BAR = 0.95  # of the rectangle with a mask's moments, from which it is a straight wire
SLENDER = 3.0  # times as long as wide, from which a bar's axis is sure
SPECK = 0.1  # of the largest part; what is smaller is noise, no part of a wire
BULGE = 1.5  # times the median width: where another wire has been taken for this one
GAP_COST = 10.0  # of a pixel between parts of a mask
COARSE_DEPTH = 3.0  # px; thicker masks are coarsened for the first way
LEAST_BEND = 8.0  # px; over less, the steps of pixels look like bends
EIGHT = np.ones((3, 3), dtype=bool)
NEIGHBOURS = np.argwhere(np.arange(9).reshape(3, 3) != 4) - 1  # steps to them


@dataclass(frozen=True)
class Centreline:
    """A wire's centre-line, in px of its image.

    points: (n, 2) as x, y, evenly spaced from the wider end to the thinner. widths: (n,) of the
    mask across the line; NaN near the ends, in gaps and where another wire bulges out of it.
    tangents: (n, 2), unit vectors. curvatures: (n,), signed, in 1/px; NaN near the ends.
    profile_widths: (n,), full width at half maximum in the image, as
    `profile_widths.add_profile_widths` finds it; all NaN where there is no image.
    """

    points: np.ndarray
    widths: np.ndarray
    tangents: np.ndarray
    curvatures: np.ndarray
    profile_widths: np.ndarray

    @property
    def along(self) -> np.ndarray:
        """Distance (n,) of each point from the first along the line."""
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        return np.concatenate([[0.0], np.cumsum(steps)])


class LineMeasures(NamedTuple):
    """What a centre-line measures, in px.

    length: along the line, end to end. end_to_end: of the straight line between its ends.
    tortuosity: length over end_to_end. mean_curvature, max_curvature: without sign, in 1/px.
    width, width_sd: mean and standard deviation along the wire. taper: loss of width per length,
    from a straight line through the widths. fwhm, fwhm_sd: as width, by what the image shows.
    """

    length: float
    end_to_end: float
    tortuosity: float
    mean_curvature: float
    max_curvature: float
    width: float
    width_sd: float
    taper: float
    fwhm: float
    fwhm_sd: float


def trace(mask: np.ndarray, left: int = 0, top: int = 0) -> Centreline | None:
    """Centre-line of a boolean mask (height, width), or of its crop at column `left`, row `top`.

    A mask of several parts has one line through all but specks; None for an empty mask.
    """
    margin = np.zeros([side + 2 for side in mask.shape], dtype=bool)
    margin[1:-1, 1:-1] = mask
    mask, parts = _without_specks(margin)
    if not parts:
        return None
    area = int(mask.sum())
    depth = tracing.depths(mask)
    clear = tracing.clearance(depth)
    axis, bar = _axis(mask, area)
    start = axis if bar else _first_way(mask, depth, parts > 1)
    straight = start is None
    points = axis if start is None else start
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    width = max(1.0, area / max(length, math.sqrt(area)))
    step, sigma = max(1.0, width / 8), max(3.0, width / 2)
    for _ in range(1 if straight else BAR_ROUNDS if bar else ROUNDS):
        points = tracing.evenly(points, step)
        points = tracing.centred(mask, clear, points, step, sigma, width, BULGE, straight)
        length = float(np.hypot(*np.diff(points, axis=0).T).sum())
        width = max(1.0, min(area / max(length, 1.0), math.sqrt(area)))
    points = tracing.evenly(points, step)
    return _measured(mask, clear, points, step, sigma, width, np.array([left - 1.0, top - 1.0]))


def _without_specks(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """The mask without what is noise, and the number of its parts."""
    parts, count = ndimage.label(mask, EIGHT)
    if count < 2:
        return mask, count
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    large = np.flatnonzero(areas >= SPECK * areas.max())
    return np.isin(parts, large), len(large)


def _first_way(mask: np.ndarray, depth: np.ndarray, several: bool) -> np.ndarray | None:
    """Points (n, 2) of the way through the middle of a mask, but for its ends.

    several: whether the mask has several parts, between which the way leads outside. None where
    the mask is too short for its width to have a way.
    """
    factor = max(1, int(depth.max() / COARSE_DEPTH))
    margin = int(factor > 1)
    if factor > 1:
        padded = np.pad(mask, [(factor, factor + -side % factor) for side in mask.shape])
        rows, columns = (side // factor for side in padded.shape)
        blocks = padded.reshape(rows, factor, columns, factor)
        mask = np.logical_or.reduce(blocks, axis=(1, 3))
        depth = tracing.depths(mask)
    outside = GAP_COST if several else math.inf
    inside = np.argwhere(mask)
    cost = np.where(mask, (depth.max() / np.maximum(depth, 1.0)) ** 2, 100 * outside)
    ways = MCP_Geometric(cost, NEIGHBOURS)
    # Of one part, this cost tells what lies farthest apart as well as length does. Of several,
    # slivers behind a gap would seem far.
    apart = MCP_Geometric(np.where(mask, 1.0, outside), NEIGHBOURS) if several else ways
    end = inside[0]
    for _ in range(2):
        first, end = end, inside[np.argmax(apart.find_costs([end])[0][mask])]
    if several:
        ways.find_costs([first], [end])
    y, x = np.array(ways.traceback(end)).T
    points = np.stack([x, y], axis=1) + 0.5
    # At a blunt end the way turns into a corner: what lies nearer to the end than the mask is
    # wide there goes.
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wide = 2 * depth[y, x]
    kept = (along >= wide) & (along[-1] - along >= wide)
    if kept.sum() < 3:
        return None
    chosen = np.flatnonzero(kept)
    return factor * (points[chosen[0] : chosen[-1] + 1] - margin)


def _axis(mask: np.ndarray, area: int) -> tuple[np.ndarray, bool]:
    """Two points (2, 2) on the principal axis of a mask, half its width from its ends, and whether
    it is a bar: slender, and full as the rectangle with the same second moments is.
    """
    rows, columns = np.nonzero(mask)
    places = np.stack([columns, rows]) + 0.5
    middle = places.mean(axis=1)
    spread = places - middle[:, None]
    moments, directions = np.linalg.eigh(spread @ spread.T / area)
    width, length = np.sqrt(12 * moments + 1)  # 1: a pixel's own
    arm = max(0.25, 0.5 * (length - width)) * directions[:, 1]
    bar = length > SLENDER * width and area > BAR * length * width
    return np.stack([middle - arm, middle + arm]), bool(bar)


def _measured(
    mask: np.ndarray,
    clear: np.ndarray,
    points: np.ndarray,
    step: float,
    sigma: float,
    width: float,
    corner: np.ndarray,
) -> Centreline:
    even = np.ones(len(points))
    smooth, tangents, _ = tracing.fit(points, even, step, sigma)
    curvatures = tracing.fit(points, even, step, max(LEAST_BEND, width))[2]
    gap = max(1.5, 0.2 * width)
    widths = tracing.sides(mask, clear, smooth, tangents, 2 * width + 4, gap).sum(axis=1)
    along = step * np.arange(len(points))
    to_end = np.minimum(along, along[-1] - along)
    near = to_end < 0.5 * np.where(widths > 0, widths, width)
    near[len(points) // 2] = False  # of a particle as wide as long, the middle
    valid = tracing.are_widths(widths, BULGE, step) & ~near
    widths = np.where(valid, widths, np.nan)
    curvatures = np.where(near, np.nan, curvatures)
    if _slope(along, widths) > 0:
        points, widths, tangents = points[::-1], widths[::-1], -tangents[::-1]
        curvatures = -curvatures[::-1]
    return Centreline(
        np.ascontiguousarray(points + corner),
        widths,
        np.ascontiguousarray(tangents),
        curvatures,
        np.full(len(points), np.nan),
    )


def measure_line(line: Centreline) -> LineMeasures:
    """What a centre-line measures."""
    along = line.along
    length = float(along[-1])
    straight = float(np.hypot(*(line.points[-1] - line.points[0])))
    bends = np.abs(line.curvatures[np.isfinite(line.curvatures)])
    width, spread, taper = width_measures(along, line.widths)
    return LineMeasures(
        length,
        straight,
        max(1.0, length / straight) if straight > 0 else math.nan,
        float(bends.mean()) if len(bends) else 0.0,
        float(bends.max(initial=0.0)),
        width,
        spread,
        taper,
        *width_measures(along, line.profile_widths)[:2],
    )


def width_measures(along: np.ndarray, widths: np.ndarray) -> tuple[float, float, float]:
    """Mean, standard deviation and taper of widths along a line; NaN for what too few give.

    The mean is that of the whole wire: the straight line through the widths, at the middle. The
    wide end of a tapered wire, where no width is measured, is longer than the thin one.
    """
    known = widths[np.isfinite(widths)]
    if not len(known):
        return math.nan, math.nan, math.nan
    spread = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    slope = _slope(along, widths)
    if math.isnan(slope):
        return float(known.mean()), spread, slope
    off = 0.5 * float(along[-1]) - float(along[np.isfinite(widths)].mean())
    return float(known.mean()) + slope * off, spread, abs(slope)


def _slope(along: np.ndarray, widths: np.ndarray) -> float:
    """Change of width per length, by least squares; NaN of fewer than three widths."""
    known = np.isfinite(widths)
    if known.sum() < 3:
        return math.nan
    places = along[known] - along[known].mean()
    return float(places @ widths[known]) / float(places @ places)
