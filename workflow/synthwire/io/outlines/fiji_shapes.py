"""The area of one Fiji ROI: polygons, rectangles, ovals, composites of them, lines of a width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from pycocotools import mask as coco_mask
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi

from synthwire.errors import InputError
from synthwire.io.masks import segmentation_to_rle
from synthwire.io.outlines.collector import Collector

POLYGONS = (ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED)
LINES = (ROI_TYPE.LINE, ROI_TYPE.POLYLINE, ROI_TYPE.FREELINE)
BEZIER_STEPS = 16  # chords of a curve; a circle of four curves is right to 0.02 % of its radius
SPLINE_STEP_PX = 3


def mask_of_roi(collector: Collector, roi: ImagejRoi, where: str) -> dict:
    """RLE of one ROI; InputError where it encloses nothing."""
    if roi.subtype in (ROI_SUBTYPE.TEXT, ROI_SUBTYPE.ARROW, ROI_SUBTYPE.IMAGE):
        raise InputError(f"a ROI of kind {roi.subtype.name.lower()} is no outline")
    if roi.multi_coordinates is not None:
        return collector.mask_of_rings(rings_of_path(roi.multi_coordinates.tolist()), where)
    if roi.roitype == ROI_TYPE.RECT:
        return collector.mask_of_rings(
            [rounded_box(*_bounds(roi), roi.rounded_rect_arc_size / 2)], where
        )
    if roi.roitype == ROI_TYPE.OVAL:
        low, high = _bounds(roi)
        return collector.mask_of_oval((low + high) / 2, (high - low) / 2)
    points = np.asarray(roi.coordinates(), dtype=float).reshape(-1, 2)
    if roi.options & ROI_OPTIONS.SPLINE_FIT and roi.roitype in (
        ROI_TYPE.POLYLINE,
        ROI_TYPE.POLYGON,
    ):
        points = spline_through(points, closed=roi.roitype == ROI_TYPE.POLYGON)
    if roi.roitype in LINES:
        return _mask_of_line(collector, points, _stroke_width(roi), where)
    if roi.roitype in POLYGONS:
        return collector.mask_of_rings([points], where)
    raise InputError(f"a {roi.roitype.name.lower()} encloses nothing")


def _bounds(roi: ImagejRoi) -> tuple[np.ndarray, np.ndarray]:
    """(left, top) and (right, bottom) in whole pixels, as ImageJ counts a sub-pixel ROI's."""
    if not roi.options & ROI_OPTIONS.SUB_PIXEL_RESOLUTION or not roi.widthd > 0:
        return np.array([roi.left, roi.top]), np.array([roi.right, roi.bottom])
    low = np.floor([roi.xd, roi.yd])
    return low, low + np.ceil([roi.widthd, roi.heightd])


def rounded_box(low: np.ndarray, high: np.ndarray, radius: float) -> np.ndarray:
    """Points (n, 2) of a rectangle from (left, top) to (right, bottom) with rounded corners.

    radius: no more than half of each side counts, as Java draws it: the corners of a flat one are
    parts of ellipses.
    """
    radii = np.minimum(radius, (high - low) / 2)
    quarter = np.linspace(0, np.pi / 2, BEZIER_STEPS + 1 if radius > 0 else 1)
    arc = np.column_stack([np.cos(quarter), np.sin(quarter)])
    right, left = high - radii, low + radii
    corners = ((right, (1, 1), 1), ((left[0], right[1]), (-1, 1), -1), (left, (-1, -1), 1),
               ((right[0], left[1]), (1, -1), -1))  # fmt: skip
    return np.concatenate([centre + radii * side * arc[::way] for centre, side, way in corners])


def _stroke_width(roi: ImagejRoi) -> float:
    exact = float(roi.float_stroke_width or 0)
    return exact if exact > 0 else float(roi.stroke_width or 0)


def _mask_of_line(collector: Collector, points: np.ndarray, width: float, where: str) -> dict:
    """RLE of a line of a width: a rectangle about each piece, round on the outside of each bend."""
    if width <= 1:
        raise InputError("a line without a width encloses nothing; give it the particle's width")
    points = points[np.append(True, np.diff(points, axis=0).any(axis=1))]
    if len(points) < 2:
        raise InputError("a line of one point encloses nothing")
    steps = np.diff(points, axis=0)
    aside = (width / 2) * (steps / np.hypot(*steps.T)[:, None]) @ [[0, 1], [-1, 0]]
    rings = [
        np.array([start + across, end + across, end - across, start - across])
        for (start, end), across in zip(pairwise(points), aside, strict=True)
    ]
    for joint, (before, after) in zip(points[1:-1], pairwise(aside), strict=True):
        turn = math.atan2(before[0] * after[1] - before[1] * after[0], before @ after)
        outside = -before if turn > 0 else before
        angles = math.atan2(outside[1], outside[0]) + np.linspace(0, turn, BEZIER_STEPS)
        fan = joint + (width / 2) * np.column_stack([np.cos(angles), np.sin(angles)])
        rings.append(np.concatenate([[joint], fan]))
    masks = [collector.mask_of_rings([ring], where) for ring in rings]
    return segmentation_to_rle(coco_mask.merge(masks), *collector.shape)


def spline_through(points: np.ndarray, *, closed: bool) -> np.ndarray:
    """Points (m, 2), a few pixels apart, of the cubic spline through (n, 2), as Fiji fits it.

    A file holds the points alone, and that a spline is shown. Fewer than three stay as they are.
    """
    from scipy.interpolate import CubicSpline  # here: it takes long to load

    if closed:
        points = np.vstack([points, points[:1]])
    steps = np.hypot(*np.diff(points, axis=0).T)
    points, steps = points[np.r_[True, steps > 0]], steps[steps > 0]
    if len(points) < 3:
        return points
    along = np.r_[0, np.cumsum(steps)]
    curve = CubicSpline(along, points, bc_type="periodic" if closed else "natural")
    count = max(2 * len(points), math.ceil(along[-1] / SPLINE_STEP_PX))
    return np.asarray(curve(np.linspace(0, along[-1], count + 1)))


def rings_of_path(path: Sequence[float]) -> list[np.ndarray]:
    """Rings (n, 2) of a composite ROI's path: its pieces, each with the numbers that it needs.

    A piece is 0 (go to a point), 1 (a line to it), 2 and 3 (a quadratic, a cubic Bézier curve) or 4
    (close the ring). ValueError when it is another number or the path ends within a piece.
    """
    rings: list[list[np.ndarray]] = []
    place = 0
    while place < len(path):
        piece = int(path[place])
        if piece not in (0, 1, 2, 3, 4):
            raise ValueError(f"a path's piece {piece} is none of 0 to 4")
        count = {0: 1, 1: 1, 2: 2, 3: 3, 4: 0}[piece]
        numbers = np.array(path[place + 1 : place + 1 + 2 * count], dtype=float)
        if len(numbers) < 2 * count or (piece in (1, 2, 3) and not rings):
            raise ValueError("a path that ends within a piece, or begins with none")
        points = numbers.reshape(-1, 2)
        if piece == 0:
            rings.append([points[0]])
        elif piece < 4:
            rings[-1] += _curve(np.vstack([rings[-1][-1], points]))
        place += 1 + 2 * count
    return [np.array(ring) for ring in rings if len(ring) > 1]


def _curve(control: np.ndarray) -> list[np.ndarray]:
    """Points of a Bézier curve after its first one; of a straight line its end."""
    degree = len(control) - 1
    if degree == 1:
        return [control[1]]
    along = np.linspace(0, 1, BEZIER_STEPS + 1)[1:, np.newaxis]
    points = sum(
        math.comb(degree, k) * along**k * (1 - along) ** (degree - k) * control[k]
        for k in range(degree + 1)
    )
    return list(np.asarray(points))
