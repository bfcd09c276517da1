"""Particle statistics: what each annotated or predicted mask measures.

Length, width and aspect ratio come from the rectangle of least area around a mask, as in Lin et
al., npj Comput. Mater. 8, 88 (2022); orientation is that of the mask's principal axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask
from scipy.spatial import ConvexHull

from synthwire.annotations import decode_mask, segmentation_to_rle

MATCH_IOU = 0.5


class Measures(NamedTuple):
    """What a mask measures, in pixels and degrees."""

    area: int
    length: float
    width: float
    aspect_ratio: float
    orientation: float


def measure_mask(mask: np.ndarray) -> Measures:
    """Area, length, width, aspect ratio and orientation of a boolean mask (height, width).

    Length ≥ width are the sides of the rectangle of least area around the mask. An axis-parallel
    10 × 3 rectangle of pixels measures 10 × 3; a slanted rectangle within one pixel of its true
    sides (see `_minimum_area_rectangle`). Orientation, in [0, 180) degrees from the horizontal
    axis, counter-clockwise as seen, is that of the longer principal axis of the mask's pixels,
    which follows the alignment of short and bent particles better than a side of the rectangle.
    An empty mask measures 0 and NaN.

    >>> measure_mask(np.ones((3, 10), dtype=bool))
    Measures(area=30, length=10.0, width=3.0, aspect_ratio=3.3333333333333335, orientation=0.0)
    """
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return Measures(0, math.nan, math.nan, math.nan, math.nan)
    length, width = _minimum_area_rectangle(rows, columns)
    return Measures(len(rows), length, width, length / width, _orientation(rows, columns))


def _orientation(rows: np.ndarray, columns: np.ndarray) -> float:
    x = columns - columns.mean()
    y = rows.mean() - rows  # rows run downwards; angles are counter-clockwise as seen
    angle = 0.5 * math.atan2(2.0 * float(x @ y), float(x @ x - y @ y))
    degrees = math.degrees(angle) % 180.0
    return degrees if degrees < 180.0 - 1e-9 else 0.0


def _minimum_area_rectangle(rows: np.ndarray, columns: np.ndarray) -> tuple[float, float]:
    """Sides (longer, shorter), in pixels, of the rectangle of least area around pixels.

    The rectangle is laid around the pixels' centres and grown by what the sampling cuts off, on
    average. Rows of centres parallel to a side are 1 pixel apart along the grid's axes and √½
    along its diagonals; such a side lies half a spacing outside the last row, less when it sweeps
    over part of the spacing. Any other side of length l lies about 1/(l + 1) outside, the
    expected least of l evenly spread gaps. The hull of whole pixels would measure slanted wires
    up to 1.4 pixels too wide.
    """
    centres = _outline(rows, columns)
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


def pixel_size(image: Mapping) -> float:
    """Side of a pixel in nm, the geometric mean of [y, x] where they differ; NaN when unknown."""
    size = image.get("pixel_size_nm")
    if size is None:
        return math.nan
    return float(np.exp(np.mean(np.log(np.atleast_1d(np.asarray(size, dtype=np.float64))))))


COLUMNS = {
    "source": "annotation or prediction",
    "image_id": "id of the image in the annotations",
    "particle": "id of the annotation, or number of the prediction in its file, from 0",
    "score": "score of the prediction; empty for annotations",
    "area_px": "number of pixels of the mask",
    "length_px": "longer side of the rectangle of least area around the mask",
    "width_px": "shorter side of that rectangle",
    "aspect_ratio": "length / width",
    "orientation_deg": "angle of the principal axis, 0–180° counter-clockwise from the horizontal",
    "length_nm": "length in nm; empty where the pixel size is unknown",
    "width_nm": "width in nm",
    "area_nm2": "area in nm²",
    "matched": "whether a mask of the other source belongs to it (IoU ≥ 0.5, one to one)",
    "touches_border": "whether the mask reaches the edge of the image, so that it may be cut",
}


def particle_statistics(
    ground_truth: dict, predictions: Sequence[Mapping], settings: Mapping
) -> pd.DataFrame:
    """One row per particle, annotated or predicted; the columns are those of `COLUMNS`.

    Predictions count from `settings["statistics_score"]` on. Low-confidence outlines
    (iscrowd=1) are left out, and so are predictions that fit one of them and no other outline.
    Lengths in nm take a pixel's side as the geometric mean where it is not square.
    """
    annotated: dict = {image["id"]: [] for image in ground_truth["images"]}
    predicted: dict = {image["id"]: [] for image in ground_truth["images"]}
    for item in ground_truth["annotations"]:
        annotated[item["image_id"]].append(item)
    for number, item in enumerate(predictions):
        if item["score"] >= settings["statistics_score"]:
            predicted[item["image_id"]].append((number, item))
    rows = []
    for image in ground_truth["images"]:
        outlines = annotated[image["id"]]
        detections = sorted(predicted[image["id"]], key=lambda entry: -entry[1]["score"])
        height, width = image["height"], image["width"]
        outline_rles = [segmentation_to_rle(a["segmentation"], height, width) for a in outlines]
        detection_rles = [
            segmentation_to_rle(p["segmentation"], height, width) for _, p in detections
        ]
        crowd = np.array([bool(a.get("iscrowd", 0)) for a in outlines], dtype=bool)
        partner, ignored = match_masks(outline_rles, detection_rles, crowd)
        side = pixel_size(image)
        for number, (item, rle) in enumerate(zip(outlines, outline_rles, strict=True)):
            if crowd[number]:
                continue
            row = ("annotation", image["id"], item["id"], math.nan)
            rows.append((*row, *_row(rle, side), bool(np.any(partner == number)), _at_border(rle)))
        for number, ((index, item), rle) in enumerate(zip(detections, detection_rles, strict=True)):
            if ignored[number]:
                continue
            row = ("prediction", image["id"], index, float(item["score"]))
            rows.append((*row, *_row(rle, side), bool(partner[number] >= 0), _at_border(rle)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def match_masks(
    outlines: Sequence[dict], detections: Sequence[dict], crowd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Match the masks of one image one to one, as COCO at IoU ≥ 0.5.

    `outlines` and `detections` are RLEs, the detections best score first; `crowd` marks the
    outlines to be ignored. Returns the matched outline of each detection (−1 for none), and
    whether the detection belongs to an ignored outline: at least half of it lies on one, and no
    other outline matches.
    """
    partner = np.full(len(detections), -1, dtype=np.int64)
    ignored = np.zeros(len(detections), dtype=bool)
    if not len(outlines) or not len(detections):
        return partner, ignored
    overlap = coco_mask.iou(list(detections), list(outlines), crowd.astype(np.uint8).tolist())
    free = ~crowd
    for number, row in enumerate(overlap):
        candidates = np.where(free, row, -1.0)
        best = int(np.argmax(candidates))
        if candidates[best] >= MATCH_IOU:
            partner[number] = best
            free[best] = False
        else:
            ignored[number] = bool(np.any(row[crowd] >= MATCH_IOU))
    return partner, ignored


def _row(rle: dict, side: float) -> tuple:
    measures = measure_mask(_crop(rle))
    return (
        *measures,
        measures.length * side,
        measures.width * side,
        measures.area * side**2,
    )


def _crop(rle: dict) -> np.ndarray:
    x, y, width, height = (int(value) for value in coco_mask.toBbox(rle))
    return decode_mask(rle)[y : y + height, x : x + width]


def _at_border(rle: dict) -> bool:
    x, y, width, height = (int(value) for value in coco_mask.toBbox(rle))
    rows, columns = rle["size"]
    return width > 0 and (x == 0 or y == 0 or x + width == columns or y + height == rows)
