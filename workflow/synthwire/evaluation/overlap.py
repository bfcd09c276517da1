"""How crossing particles come out: average precision by how much others cover a particle."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthwire.evaluation.average_precision import mean_over_categories
from synthwire.evaluation.case import Case, Crop
from synthwire.evaluation.instances import percent
from synthwire.evaluation.matching import Detections, match_range


class OverlapRange(NamedTuple):
    """Detections matched with the particles of which a fraction from `low` to `high` is covered."""

    low: float
    high: float
    parts: list[Detections]  # one entry a category

    @property
    def positives(self) -> int:
        """Number of particles in the range."""
        return sum(int(part.positives.sum()) for part in self.parts)

    def average_precision(self, weights: np.ndarray, limit: int) -> np.ndarray:
        """AP of masks in percent: (draws, IoU thresholds)."""
        return mean_over_categories(self.parts, weights, limit)


def match_by_overlap(case: Case, limits: Sequence[float]) -> list[OverlapRange]:
    """Matching within each range of the fraction of a particle that other annotated ones cover.

    As with COCO's areas, annotations outside the range are ignored, and so are detections that
    match nothing and are outside it themselves: for a detection, the fraction of its pixels
    covered by annotated particles other than the one that it overlaps most. A range holds its
    lower limit, and the last one its upper limit as well.
    """
    fractions = _covered_fractions(case)
    ranges = []
    for low, high in itertools.pairwise([0.0, *limits, 1.0]):
        end = np.inf if high == 1.0 else high
        outside, found_outside = ((values < low) | (values >= end) for values in fractions)
        ranges.append(OverlapRange(low, high, match_range(case, "segm", outside, found_outside)))
    return ranges


def overlap_metrics(found: OverlapRange, units: int, *, limit: int) -> dict[str, float]:
    """{low, high, ground_truth, ap, ap50, recall50} of one range, the last three in percent."""
    values = found.average_precision(np.ones((1, units)), limit)[0]
    hits = sum(
        int((kept.matched[0] & ~kept.ignored[0]).sum())
        for kept in (part.best(limit) for part in found.parts)
    )
    return {
        "low": found.low,
        "high": found.high,
        "ground_truth": found.positives,
        "ap": float(values.mean()),
        "ap50": float(values[0]),
        "recall50": float(percent(hits, found.positives)),
    }


def _covered_fractions(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Fraction of each annotation, and of each detection, that other annotations cover."""
    fraction = np.zeros(len(case.truth["annotations"]))
    found = np.zeros(len(case.results))
    layers = [
        np.zeros((image["height"], image["width"]), dtype=np.uint16)
        for image in case.truth["images"]
    ]
    numbers = case.image_numbers
    for item, crop in zip(case.truth["annotations"], case.crops_of_truth, strict=True):
        layers[numbers[item["image_id"]]][crop.place] += crop.mask
    for number, (item, crop) in enumerate(
        zip(case.truth["annotations"], case.crops_of_truth, strict=True)
    ):
        if crop.mask.any():
            covered = layers[numbers[item["image_id"]]][crop.place] > 1
            fraction[number] = covered[crop.mask].mean()
    for pairs in case.pairs["segm"]:
        for row, number in enumerate(pairs.detections):
            crop = case.crops_of_results[number]
            if not crop.mask.any():
                continue
            others = layers[pairs.image][crop.place].astype(np.int32)
            if pairs.iou.shape[1]:
                own = case.crops_of_truth[pairs.outlines[int(np.argmax(pairs.iou[row]))]]
                _subtract(others, crop.place, own)
            found[number] = (others[crop.mask] > 0).mean()
    return fraction, found


def _subtract(layers: np.ndarray, place: tuple[slice, slice], crop: Crop) -> None:
    """Subtract a cropped mask from the crop `layers` at `place`, where the two meet."""
    to, source = [], []
    for here, there in zip(place, crop.place, strict=True):
        start, stop = max(here.start, there.start), min(here.stop, there.stop)
        if start >= stop:
            return
        to.append(slice(start - here.start, stop - here.start))
        source.append(slice(start - there.start, stop - there.start))
    layers[tuple(to)] -= crop.mask[tuple(source)]
