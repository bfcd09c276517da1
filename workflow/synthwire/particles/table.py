"""One row a particle, annotated or predicted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask

from synthwire.io.calibration import as_pixel_size
from synthwire.io.masks import decode_crop, segmentation_to_rle
from synthwire.particles.measures import in_square_pixels, measure_mask

MATCH_IOU = 0.5

COLUMNS = {
    "source": "annotation or prediction",
    "image_id": "id of the image in the annotations",
    "particle": "id of the annotation, or number of the prediction in its file, from 0",
    "score": "score of the prediction; empty for annotations",
    "area_px": "number of pixels of the mask",
    "length_px": "longer side of the rectangle of least area around the mask",
    "width_px": "shorter side of that rectangle",
    "aspect_ratio": "length / width",
    "orientation_deg": "angle of the principal axis on the specimen, 0–180° counter-clockwise from "
    "the horizontal",
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
    What is in nm, the aspect ratio and the orientation are the specimen's: as square pixels show it
    where the image's are not square.
    """
    rows = []
    for one in matched_images(ground_truth, predictions, settings["statistics_score"]):
        size, image_id = as_pixel_size(one.image.get("pixel_size_nm")), one.image["id"]
        for number, (item, rle) in enumerate(zip(one.outlines, one.outline_rles, strict=True)):
            if one.crowd[number]:
                continue
            row = ("annotation", image_id, item["id"], math.nan)
            matched = bool(np.any(one.partner == number))
            rows.append((*row, *_row(rle, size), matched, _at_border(rle)))
        for number, (index, rle) in enumerate(zip(one.found, one.found_rles, strict=True)):
            if one.ignored[number]:
                continue
            row = ("prediction", image_id, index, float(predictions[index]["score"]))
            rows.append((*row, *_row(rle, size), bool(one.partner[number] >= 0), _at_border(rle)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


class MatchedImage(NamedTuple):
    """The annotations and predictions of one image, matched with each other.

    outlines: COCO annotations, of which crowd (n,) are to be ignored; found: numbers of the
    predictions, best score first; partner, ignored (m,): as `match_masks` gives them.
    """

    image: Mapping
    outlines: list[Mapping]
    outline_rles: list[dict]
    crowd: np.ndarray
    found: list[int]
    found_rles: list[dict]
    partner: np.ndarray
    ignored: np.ndarray


def matched_images(
    ground_truth: dict, predictions: Sequence[Mapping], least_score: float
) -> Iterator[MatchedImage]:
    """Each image of a COCO data set with the COCO results that have a score of `least_score`."""
    annotated: dict = {image["id"]: [] for image in ground_truth["images"]}
    predicted: dict = {image["id"]: [] for image in ground_truth["images"]}
    for item in ground_truth["annotations"]:
        annotated[item["image_id"]].append(item)
    for number, item in enumerate(predictions):
        if item["score"] >= least_score:
            predicted[item["image_id"]].append(number)
    for image in ground_truth["images"]:
        size = image["height"], image["width"]
        outlines = annotated[image["id"]]
        found = sorted(predicted[image["id"]], key=lambda number: -predictions[number]["score"])
        outline_rles, found_rles = (
            [segmentation_to_rle(item["segmentation"], *size) for item in items]
            for items in (outlines, [predictions[number] for number in found])
        )
        crowd = np.array([bool(item.get("iscrowd", 0)) for item in outlines], dtype=bool)
        matches = match_masks(outline_rles, found_rles, crowd)
        yield MatchedImage(image, outlines, outline_rles, crowd, found, found_rles, *matches)


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


def _row(rle: dict, size: tuple[float, float] | None) -> tuple:
    mask = decode_crop(rle)[0]
    measures = measure_mask(mask)
    if size is None:
        return (*measures, *[math.nan] * 5)
    square, side = in_square_pixels(mask, size)
    found = measures if square is mask else measure_mask(square)
    return (
        *measures._replace(aspect_ratio=found.aspect_ratio, orientation=found.orientation),
        found.length * side,
        found.width * side,
        measures.area * math.prod(size),
        found.perimeter * side,
        1000 * found.curvature / side,
    )


def _at_border(rle: dict) -> bool:
    x, y, width, height = (int(value) for value in coco_mask.toBbox(rle))
    rows, columns = rle["size"]
    return width > 0 and (x == 0 or y == 0 or x + width == columns or y + height == rows)
