"""Boundary F1: how well the outlines of particles lie."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from synthwire.evaluation.case import Case, Crop, count_in_units
from synthwire.evaluation.instances import percent
from synthwire.io.masks import union_of_masks


def outline_counts(case: Case, score: float, tolerance_px: float) -> np.ndarray:
    """Counts (units, 4): predicted outline pixels that lie right, all; annotated ones found, all.

    An outline pixel is a pixel of a mask with a neighbour (up, down, left, right) outside it,
    the image's edge not counting as outside. It lies right, or is found, with an outline pixel
    of the other side within the tolerance. Outlines inside ignored areas do not count.
    """
    numbers = case.image_numbers
    drawn: list[list[Crop]] = [[] for _ in numbers]
    doubtful: list[list[dict]] = [[] for _ in numbers]
    predicted: list[list[Crop]] = [[] for _ in numbers]
    for item, crop in zip(case.truth["annotations"], case.crops_of_truth, strict=True):
        number = numbers[item["image_id"]]
        if item["iscrowd"]:
            doubtful[number].append(item["segmentation"])
        else:
            drawn[number].append(crop)
    for item, crop in zip(case.results, case.crops_of_results, strict=True):
        if item["score"] >= score:
            predicted[numbers[item["image_id"]]].append(crop)
    counts = np.zeros((case.units.number, 4))
    for number, shape in enumerate(case.units.sizes):
        truth, found = _outlines(drawn[number], shape), _outlines(predicted[number], shape)
        near_truth = _near(truth, tolerance_px)
        if doubtful[number]:
            ignored = _near(union_of_masks(doubtful[number], *shape), tolerance_px)
            found &= near_truth | ~ignored
        of_truth, of_results = case.owners(number)
        for place, (pixels, near, owners) in enumerate(
            ((found, near_truth, of_results), (truth, _near(found, tolerance_px), of_truth))
        ):
            classes = pixels.astype(np.uint8) + (pixels & near)  # 1: away, 2: near
            in_units = count_in_units(classes, 3, case.units.number, owners)
            counts[:, 2 * place] += in_units[:, 2]
            counts[:, 2 * place + 1] += in_units[:, 1] + in_units[:, 2]
    return counts


def _outlines(crops: Iterable[Crop], shape: tuple[int, int]) -> np.ndarray:
    """Pixels (height, width) on the outline of any mask."""
    pixels = np.zeros(shape, dtype=bool)
    for crop in crops:
        if not crop.mask.size:
            continue
        # outside beyond the crop, but not beyond the image
        beyond = [
            (int(place.start > 0), int(place.stop < side))
            for place, side in zip(crop.place, shape, strict=True)
        ]
        part = np.pad(crop.mask, beyond)
        part = np.pad(part, [(1 - before, 1 - after) for before, after in beyond], mode="edge")
        inner = part[:-2, 1:-1] & part[2:, 1:-1] & part[1:-1, :-2] & part[1:-1, 2:]
        pixels[crop.place] |= crop.mask & ~inner
    return pixels


def _near(pixels: np.ndarray, radius: float) -> np.ndarray:
    """Pixels within `radius` of one that is set."""
    from skimage.morphology import isotropic_dilation  # here, since it takes long to load

    # the distance to the nearest of no pixels is not defined
    return isotropic_dilation(pixels, radius) if pixels.any() else np.zeros_like(pixels)


def boundary_scores(counts: np.ndarray) -> dict[str, float]:
    """Boundary F1 (Csurka et al., BMVC 2013), over the outlines of all instances."""
    right, drawn, found, true = counts
    precision, recall = float(percent(right, drawn)), float(percent(found, true))
    total = precision + recall
    f1 = 2 * precision * recall / total if total > 0 else (0.0 if true and drawn else math.nan)
    return {"precision": precision, "recall": recall, "f1": f1}
