"""Masks changed by strokes: a line of a width, a polygon, a cut, a union, another end.

Points are (x, y) in image pixels, pixel (column i, row j) covering [i, i+1] × [j, j+1]; a pixel
belongs to a shape when its centre does. Masks are boolean (height, width).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from skimage.measure import approximate_polygon

from synthwire.errors import InputError
from synthwire.io.outlines.geometry import fill

Points = Sequence[Sequence[float]]

STROKE_TOLERANCE_PX = 0.75  # a hand shakes more than this
CUT_PX = 1.5  # so wide that no two pixels touch across it
CRUMB_PX = 4  # what a cut along the rim chips off is no particle


def draw_line(points: Points, width_px: float, shape: tuple[int, int]) -> np.ndarray:
    """The mask of a line of a width through points: flat at its ends, round at its bends.

    InputError when the points are no line, or the line lies outside the image.
    """
    path = _path(points)
    if not 0 < width_px < math.inf:
        raise InputError(f"a line of width {width_px:g} px: a width above zero is expected")
    mask = np.zeros(shape, dtype=bool)
    for number, (start, end) in enumerate(itertools.pairwise(path)):
        x, y, place = _centres_about(np.array([start, end]), width_px / 2, shape)
        if not x.size:
            continue
        along = end - start
        length = np.hypot(*along)
        part = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length**2
        beside = ((y - start[1]) * along[0] - (x - start[0]) * along[1]) / length
        # half-open, as pixels are: a line as wide as n pixels covers n of them
        inside = (part >= 0) & (part < 1) & (beside >= -width_px / 2) & (beside < width_px / 2)
        if number:
            inside |= np.hypot(x - start[0], y - start[1]) < width_px / 2
        mask[place] |= inside
    return _something(mask, "the line")


def draw_polygon(points: Points, shape: tuple[int, int]) -> np.ndarray:
    """The mask of a polygon; InputError when it encloses no pixel of the image."""
    corners = _finite(points)
    if len(corners) < 3:
        raise InputError("a polygon needs at least three points")
    return _something(fill(corners, shape), "the polygon")


def split(mask: np.ndarray, stroke: Points) -> list[np.ndarray]:
    """The parts of a mask on either side of a stroke, largest first.

    They are disjoint, and their union is the mask. InputError when the stroke splits nothing.
    """
    cut = _cut(stroke, mask.shape)
    before, _ = ndimage.label(mask)
    pieces, count = ndimage.label(mask & ~cut)
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    homes = np.zeros(count + 1, dtype=int)
    homes[pieces.ravel()] = before.ravel()
    large = [number for number in range(1, count + 1) if areas[number] >= CRUMB_PX]
    severed = [
        number for number in large if sum(homes[other] == homes[number] for other in large) > 1
    ]
    if not severed:
        raise InputError("the stroke splits nothing: draw it right across the particle")
    kept = np.isin(pieces, severed)
    nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
    owner = np.where(mask, pieces[tuple(nearest)], 0)
    parts = [owner == number for number in severed]
    return sorted(parts, key=lambda part: -int(part.sum()))


def merge(masks: Sequence[np.ndarray]) -> np.ndarray:
    """The union of several masks; InputError when there are fewer than two."""
    if len(masks) < 2:
        raise InputError("merging needs at least two particles; choose more with Shift")
    return np.logical_or.reduce(masks)


def move_end(mask: np.ndarray, point: Sequence[float]) -> np.ndarray:
    """The mask with that of its two ends which is nearer to a point moved there.

    A point beyond the end draws the particle out to it, at the width that it has there; one before
    it cuts the particle off across its axis. InputError when the point leaves nothing of it.
    """
    (target,) = _finite([point])
    rows, columns = np.nonzero(_something(mask, "the particle"))
    pixels = np.column_stack([columns, rows]) + 0.5
    first = pixels[np.argmax(_away(pixels, pixels.mean(axis=0)))]
    second = pixels[np.argmax(_away(pixels, first))]
    tip = min((first, second), key=lambda end: float(np.hypot(*(end - target))))
    other = second if tip is first else first
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1][rows, columns]
    reach = 4 * float(np.median(depth[depth >= np.percentile(depth, 75)])) + 2
    towards, corner = tip - other, tip
    for _ in range(3):  # from the corner that is farthest away to the middle of the end
        close = _away(pixels, tip) <= reach
        near = pixels[close]
        axis = _axis(near, towards)
        tip = near[near @ axis > (near @ axis).max() - 1.5].mean(axis=0)
    width = 2 * float(depth[close].max()) - 0.5
    end = (near @ axis).max()
    centre = near.mean(axis=0)
    if target @ axis > end:
        base = centre + (end - width / 2 - centre @ axis) * axis
        return mask | draw_line([base, target], width, mask.shape)
    around = pixels[_away(pixels, target) <= reach]
    axis = _axis(around, towards) if len(around) > 2 else axis
    grid_y, grid_x = np.indices(mask.shape) + 0.5
    beyond = mask & (grid_x * axis[0] + grid_y * axis[1] > target @ axis)
    parts, _ = ndimage.label(beyond, np.ones((3, 3)))
    gone = parts[int(corner[1]), int(corner[0])]
    left = mask & ((parts != gone) | (gone == 0))
    if not left.any() or left.sum() < CRUMB_PX:
        raise InputError("that end leaves nothing of the particle; delete it instead")
    return left


def _finite(points: Points) -> np.ndarray:
    corners = np.asarray(points, dtype=float).reshape(-1, 2)
    if not np.isfinite(corners).all():
        raise InputError("a stroke's points must be finite numbers")
    return corners


def _path(points: Points) -> np.ndarray:
    """The stroke without what a shaking hand adds, and without points that stand still."""
    path = _finite(points)
    path = path[np.r_[True, np.any(np.diff(path, axis=0) != 0, axis=1)]] if len(path) else path
    if len(path) < 2 or np.ptp(path, axis=0).max() < 1e-3:
        raise InputError("a stroke needs two points apart; draw from one end to the other")
    path = approximate_polygon(path, STROKE_TOLERANCE_PX) if len(path) > 2 else path
    return path[np.r_[True, np.hypot(*np.diff(path, axis=0).T) > 1e-6]]


def _centres_about(
    segment: np.ndarray, reach: float, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]]:
    """Centres (x, y) of the pixels about a segment, and their place in the image."""
    low = np.clip(np.floor(segment.min(axis=0) - reach), 0, (shape[1], shape[0])).astype(int)
    high = np.clip(np.ceil(segment.max(axis=0) + reach), 0, (shape[1], shape[0])).astype(int)
    place = (slice(low[1], high[1]), slice(low[0], high[0]))
    y, x = np.mgrid[place] + 0.5
    return x, y, place


def _cut(stroke: Points, shape: tuple[int, int]) -> np.ndarray:
    try:
        return draw_line(stroke, CUT_PX, shape)
    except InputError as error:
        if "outside" in str(error):
            raise InputError("the stroke splits nothing: it lies outside the image") from None
        raise


def _something(mask: np.ndarray, what: str) -> np.ndarray:
    if not mask.any():
        raise InputError(f"{what} lies outside the image or covers no pixel of it")
    return mask


def _away(pixels: np.ndarray, point: np.ndarray) -> np.ndarray:
    return np.hypot(pixels[:, 0] - point[0], pixels[:, 1] - point[1])


def _axis(pixels: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """The direction in which pixels extend farthest, turned towards another one."""
    spread = np.cov(pixels.T) if len(pixels) > 2 else np.zeros((2, 2))
    values, vectors = np.linalg.eigh(spread)
    length = np.hypot(*towards)
    if values[1] > 1.5 * max(values[0], 1e-9) or length < 1e-9:
        axis = vectors[:, 1]
        return axis if axis @ towards >= 0 else -axis
    return towards / length
