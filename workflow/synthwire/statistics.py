"""Particle statistics: what each annotated or predicted mask measures.

Length, width and aspect ratio come from the rectangle of least area around a mask, as in Lin et
al., npj Comput. Mater. 8, 88 (2022); orientation is that of the mask's principal axis. How far the
predicted particles' distributions lie from the annotated ones' is measured feature by feature.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask
from scipy.spatial import ConvexHull
from scipy.stats import ks_2samp, wasserstein_distance
from skimage.measure import perimeter_crofton

from synthwire.annotations import decode_crop, segmentation_to_rle

MATCH_IOU = 0.5


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
        float(perimeter_crofton(np.pad(mask, 1), directions=4)),
        area / _pixels_in_hull(corners),
        _curvature(rows, columns, orientation),
    )


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
    "perimeter_px": "perimeter by Crofton's formula",
    "solidity": "area over the area of the convex hull",
    "curvature_per_px": "curvature of the centre line, a parabola fitted to the mask, in 1/pixel",
    "length_nm": "length in nm; empty where the pixel size is unknown",
    "width_nm": "width in nm",
    "area_nm2": "area in nm²",
    "perimeter_nm": "perimeter in nm",
    "curvature_per_um": "curvature in 1/µm",
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
    measures = measure_mask(decode_crop(rle)[0])
    return (
        *measures,
        measures.length * side,
        measures.width * side,
        measures.area * side**2,
        measures.perimeter * side,
        1000 * measures.curvature / side,
    )


def _at_border(rle: dict) -> bool:
    x, y, width, height = (int(value) for value in coco_mask.toBbox(rle))
    rows, columns = rle["size"]
    return width > 0 and (x == 0 or y == 0 or x + width == columns or y + height == rows)


# Distributions

FEATURES = (
    "area_px",
    "length_px",
    "width_px",
    "aspect_ratio",
    "orientation_deg",
    "perimeter_px",
    "solidity",
    "curvature_per_px",
    "length_nm",
    "width_nm",
    "area_nm2",
    "perimeter_nm",
    "curvature_per_um",
)
PERIODS = {"orientation_deg": 180.0}


def compare_distributions(particles: pd.DataFrame) -> pd.DataFrame:
    """Distance between the predicted and the annotated distribution of each feature.

    `particles` is the table of `particle_statistics`. One row per feature that both sides have:

    - `feature`, `annotated`, `predicted` (numbers of particles), `median_annotated`,
      `median_predicted` (mean directions for the orientation);
    - `wasserstein`: first Wasserstein distance, in the feature's own unit;
    - `wasserstein_relative`: the same over the standard deviation of the annotated values (over
      45°, the mean distance of two random directions, for the orientation);
    - `ks`, `p`: Kolmogorov–Smirnov distance and its p-value. Orientation has a period of 180°, so
      its Wasserstein distance is that on the circle, and Kuiper's distance takes the place of
      Kolmogorov's, which would depend on where the angles start.

    The p-value takes particles for independent.
    """
    sides = {source: group for source, group in particles.groupby("source")}
    rows = []
    for feature in FEATURES:
        if feature not in particles:
            continue
        annotated, predicted = (
            sides[source][feature].dropna().to_numpy(dtype=np.float64)
            if source in sides
            else np.empty(0)
            for source in ("annotation", "prediction")
        )
        if not len(annotated) or not len(predicted):
            continue
        period = PERIODS.get(feature)
        if period:
            distance = circular_wasserstein(annotated, predicted, period)
            ks, p = kuiper(annotated, predicted, period)
            middles = [mean_direction(values, period) for values in (annotated, predicted)]
            spread = period / 4
        else:
            distance = float(wasserstein_distance(annotated, predicted))
            test = ks_2samp(annotated, predicted)
            ks, p = float(test.statistic), float(test.pvalue)
            middles = [float(np.median(values)) for values in (annotated, predicted)]
            spread = float(annotated.std())
        relative = distance / spread if spread > 0 else math.nan
        rows.append((feature, len(annotated), len(predicted), *middles, distance, relative, ks, p))
    return pd.DataFrame(
        rows,
        columns=[
            "feature",
            "annotated",
            "predicted",
            "median_annotated",
            "median_predicted",
            "wasserstein",
            "wasserstein_relative",
            "ks",
            "p",
        ],
    )


def mean_direction(values: np.ndarray, period: float) -> float:
    """Mean of values on a circle, in [0, period)."""
    angles = 2 * np.pi * np.asarray(values) / period
    return float(
        np.arctan2(np.sin(angles).sum(), np.cos(angles).sum()) * period / (2 * np.pi) % period
    )


def _steps(first: np.ndarray, second: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Difference of the two distribution functions on each stretch of [0, period), and lengths."""
    first, second = np.sort(np.mod(first, period)), np.sort(np.mod(second, period))
    places = np.concatenate([[0.0], np.sort(np.concatenate([first, second])), [period]])
    difference = np.searchsorted(first, places[:-1], side="right") / len(first)
    difference = difference - np.searchsorted(second, places[:-1], side="right") / len(second)
    return difference, np.diff(places)


def circular_wasserstein(first: np.ndarray, second: np.ndarray, period: float) -> float:
    """First Wasserstein distance of two samples on a circle.

    Rabin, Delon and Gousseau, J. Math. Imaging Vis. 41 (2011): the least, over constants c, of
    ∫ |F − G − c|; c is a median of F − G along the circle.
    """
    difference, lengths = _steps(first, second, period)
    order = np.argsort(difference)
    middle = np.searchsorted(np.cumsum(lengths[order]), lengths.sum() / 2)
    return float(np.abs(difference - difference[order[middle]]) @ lengths)


def kuiper(first: np.ndarray, second: np.ndarray, period: float) -> tuple[float, float]:
    """Kuiper's distance of two samples on a circle, and its asymptotic p-value."""
    difference, _ = _steps(first, second, period)
    distance = float(difference.max() - difference.min())
    number = len(first) * len(second) / (len(first) + len(second))
    scaled = (math.sqrt(number) + 0.155 + 0.24 / math.sqrt(number)) * distance
    if scaled < 0.4:  # the series does not converge; p is 1 to seven digits
        return distance, 1.0
    j = np.arange(1, 101)
    terms = (4 * j**2 * scaled**2 - 1) * np.exp(-2 * j**2 * scaled**2)
    return distance, float(np.clip(2 * terms.sum(), 0.0, 1.0))
