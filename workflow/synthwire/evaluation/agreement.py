"""How well two sets of outlines of the same images agree: what a model can be asked for at most.

A second annotator's outlines are scored like a model's predictions against the first's (paper,
Supplementary Note 5). What an error of the outlines alone costs follows from true outlines that
are moved, or drawn wider and narrower, by a known number of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import ndimage

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.masks import decode_crop, encode_crop

WAYS = ("moved", "resized")


def as_predictions(annotations: Sequence[Mapping]) -> list[dict]:
    """Outlines as results of a model that is sure of all of them; ignore regions among them too."""
    return [
        {
            "image_id": item["image_id"],
            "category_id": item["category_id"],
            "segmentation": item["segmentation"],
            "score": 1.0,
        }
        for item in annotations
    ]


def agreement(truth: dict, second: Sequence[Mapping], settings: Mapping) -> dict:
    """All metrics of `evaluate_predictions` of a second set of outlines against the first.

    truth: a COCO data set, the first set; second: COCO annotations of the same images; settings:
    the config's `evaluation`. Ignore regions of the first count neither for nor against. All
    outlines of the second count, and as none has a score, AP takes them in their order.
    """
    most = max(len(second), *settings["detections"])
    return evaluate_predictions(
        truth, as_predictions(second), {**settings, "detections": [most, most]}
    )


def agreement_row(truth: dict, second: Sequence[Mapping], settings: Mapping) -> dict[str, float]:
    """The numbers of `agreement` that a table shows, in percent but for the two counts."""
    found = agreement(truth, second, settings)
    first = found["thresholds"][0]
    row = {
        "outlines": found["counts"]["ground_truth"],
        "second_outlines": len(second),
        "ap_bbox": found["bbox"]["ap"],
        "ap_segm": found["segm"]["ap"],
        "ap50_segm": found["segm"]["ap50"],
        "recall50": first["recall"],
        "precision50": first["precision"],
        "accuracy": found["accuracy"],
    }
    return {name: math.nan if value is None else value for name, value in row.items()}


def shift_mask(mask: np.ndarray, down_px: float, across_px: float) -> np.ndarray:
    """A mask (height, width) moved by parts of a pixel; what leaves the image is lost.

    Its signed distance to the outline is moved, and cut at zero.
    """
    return ndimage.shift(_depth(mask), (down_px, across_px), order=1, mode="nearest") > 0


def resize_mask(mask: np.ndarray, outward_px: float) -> np.ndarray:
    """A mask (height, width) with its outline so many pixels further out, or in where negative."""
    return _depth(mask) > -outward_px


def _depth(mask: np.ndarray) -> np.ndarray:
    """Distance of each pixel's middle to the outline in px, positive inside.

    The outline runs half a pixel from the middles of the pixels on either side of it.
    """
    if not mask.any():
        return np.full(mask.shape, -np.inf)
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] - 0.5
    return np.where(mask, inside, 0.5 - ndimage.distance_transform_edt(~mask))


def perturb(
    annotations: Sequence[Mapping], way: str, size_px: float, rng: np.random.Generator
) -> list[dict]:
    """The outlines, each wrong by so many pixels; one of which nothing is left in sight is gone.

    way: "moved", in a direction drawn for each; "resized", outwards or inwards, drawn for each.
    annotations: COCO, with run-length encodings.
    """
    if way not in WAYS:
        raise ValueError(f"way is one of {WAYS}, not {way!r}")
    margin = int(np.ceil(size_px)) + 2
    found = []
    for item in annotations:
        rle = item["segmentation"]
        height, width = rle["size"]
        crop, top, left = decode_crop(rle)
        framed = np.pad(crop, margin)
        if way == "moved":
            angle = rng.uniform(0, 2 * np.pi)
            framed = shift_mask(framed, size_px * np.sin(angle), size_px * np.cos(angle))
        else:
            framed = resize_mask(framed, size_px * rng.choice((-1, 1)))
        # the part of the frame that lies within the image
        above, before = max(0, margin - top), max(0, margin - left)
        rows = slice(above, above + height - max(0, top - margin))
        columns = slice(before, before + width - max(0, left - margin))
        part = framed[rows, columns]
        if part.any():
            place = max(0, top - margin), max(0, left - margin)
            moved = encode_crop(part, *place, height, width)
            found.append({**item, "segmentation": moved})
    return found


def perturbed_agreement(
    truth: dict, sizes_px: Sequence[float], settings: Mapping, seed: int
) -> pd.DataFrame:
    """What outlines score that are wrong by a known number of pixels: a row a way and a size.

    truth: a COCO data set with run-length encodings. Columns: way, size_px, and those of
    `agreement_row`. One seed draws the same directions for every size.
    """
    certain = [item for item in truth["annotations"] if not item.get("iscrowd", 0)]
    rows = []
    for way in WAYS:
        for size in sizes_px:
            wrong = perturb(certain, way, size, np.random.default_rng(seed))
            rows.append({"way": way, "size_px": size, **agreement_row(truth, wrong, settings)})
    return pd.DataFrame(rows)
