"""What a network finds in an image at several sizes, each twice as small as the one before.

A network knows particles of some widths. It looks at the image at a ladder of sizes, of which all
the smaller ones together cost a third of the first. What is found is trusted as far as its width,
as the network saw it, is one that the network knows, and as the next size agrees. Where thin
particles prevail, it looks at the image enlarged as well. So particles of very different widths are
found in one image, and a group of wires is no wide wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from synthwire.evaluation.suppression import NESTED_SHARE, mask_nms, overlapping_pairs
from synthwire.io.masks import mask_areas, overlaps
from synthwire.particles.widths import widths_px
from synthwire.segmentation.scale import LIMITS, start_scale

STEP = 2.0
# Sides of an image as the network sees it, from which there is a look beside the first.
LEAST_SIDE_PX, LEAST_SHORT_SIDE_PX = 64, 16
MOST_PX = 1.0e8  # of an enlarged image, some 250 tiles; what is larger is seen as it is
NARROW, WIDE = 1.0, 2.0  # standard deviations within which a width counts as known
SAME_IOU = 0.5  # of two masks, above which they are one particle
SEEN_SCORE = 0.3  # from which a detection at another size confirms one
UNCONFIRMED = 0.5  # what a score is worth then
PART = 0.1  # of a larger mask's area, from which a particle within it speaks against it
CONFIDENT = 0.6  # score from which a detection is evidence
THIN, THIN_SHARE = 0.55, 0.5  # of the known width; of the evidence, from which to enlarge
LEAST_SCORE = 0.05


class Found(NamedTuple):
    """COCO results, best score first; the scale at which the particles' median width is the one
    that the network knows best, None where nothing sure was found or nobody asked; the scales that
    it looked at, the largest first.
    """

    results: list[dict]
    fitting_scale: float | None
    scales: tuple[float, ...]

    @property
    def scale(self) -> float:
        """The largest of the scales."""
        return self.scales[0]


class Known(NamedTuple):
    """Widths that a network has learnt: their median in pixels as it sees them, and the standard
    deviation of their logarithm.
    """

    width_px: float
    log_sd: float

    def away(self, widths_px: np.ndarray) -> np.ndarray:
        """How many standard deviations widths, as the network sees them, are above the median."""
        return np.log(np.maximum(widths_px, 1e-6) / self.width_px) / self.log_sd


class _Look(NamedTuple):
    scale: float
    results: list[dict]
    widths: np.ndarray  # pixels of the image


Look = Callable[[float], list[dict]]


def look_around(
    look: Look, shape: tuple[int, int], pixel_size_nm: Any, card: Mapping[str, Any]
) -> Found:
    """What is found in an image (height, width) at all sizes that the evidence asks for.

    look: COCO results at one scale. pixel_size_nm: a number, (down, across) or None; it says where
    between two powers of 2 the ladder stands, and is a vote for or against an enlargement.
    card: with the fields of `learnt_widths.learnt_widths`, and `pixel_nm_range` or None.
    """
    known = Known(card["particle_width_px"], card["particle_width_log_sd"])
    by_size = start_scale(pixel_size_nm, card)
    first = by_size / STEP ** round(np.log2(by_size))
    looks = [_at(look, first)]
    while (
        looks[-1].scale / STEP * max(shape) >= LEAST_SIDE_PX
        and looks[-1].scale / STEP * min(shape) >= LEAST_SHORT_SIDE_PX
    ):
        looks.append(_at(look, looks[-1].scale / STEP))
    results, widths = _fuse(looks, known)
    # an enlargement is worth its cost where much of what is sure is thinner than the network knows
    share = THIN_SHARE / 2 if by_size > STEP * first / 1.5 else THIN_SHARE
    while (
        _thin_share(results, widths, THIN * known.width_px / looks[0].scale) >= share
        and STEP * looks[0].scale <= LIMITS[1]
        and STEP * looks[0].scale <= largest_scale(shape)
    ):
        looks.insert(0, _at(look, STEP * looks[0].scale))
        results, widths = _fuse(looks, known)
    sure = widths[[item["score"] >= CONFIDENT for item in results]] if results else widths
    return Found(
        results,
        float(known.width_px / np.median(sure)) if len(sure) else None,
        tuple(item.scale for item in looks),
    )


def largest_scale(shape: tuple[int, int]) -> float:
    """How many times an image (height, width) may be enlarged at most, 1 or above."""
    return max(1.0, float(np.sqrt(MOST_PX / (shape[0] * shape[1]))))


def _at(look: Look, scale: float) -> _Look:
    results = [item for item in look(scale) if item["score"] >= LEAST_SCORE]
    return _Look(scale, results, widths_px(results))


def _fuse(looks: Sequence[_Look], known: Known) -> tuple[list[dict], np.ndarray]:
    """Results of all looks, finest first, the surest of each particle; and their widths."""
    pool: list[dict] = []
    for number, look in enumerate(looks):
        finer = looks[number - 1] if number else None
        coarser = looks[number + 1] if number + 1 < len(looks) else None
        scores = _trusted(look, finer, coarser, known)
        for item, score, width in zip(look.results, scores.tolist(), look.widths, strict=True):
            if score >= LEAST_SCORE and width > 0:
                pool.append({**item, "score": score, "width": float(width)})
    kept = _doubt_groups(mask_nms(pool, SAME_IOU))
    kept.sort(key=lambda item: -item["score"])
    return kept, np.array([item.pop("width") for item in kept], dtype=float)


def _doubt_groups(results: list[dict]) -> list[dict]:
    """Results with a lower score for what holds a surer one that fills a good part of it.

    Then the smaller is the particle, and the larger a group of several. A thin wire upon a thick
    one fills less of it.
    """
    areas = mask_areas(item["segmentation"] for item in results)
    scores = np.array([item["score"] for item in results])
    group = np.zeros(len(results), dtype=bool)
    for first, second, common in overlapping_pairs(results):
        large, small = (first, second) if areas[first] > areas[second] else (second, first)
        if common >= NESTED_SHARE * areas[small] and areas[small] >= PART * areas[large]:
            group[large] |= scores[small] > scores[large]
    worth = np.where(group, UNCONFIRMED, 1.0)
    return [
        {**item, "score": float(score)}
        for item, score in zip(results, scores * worth, strict=True)
        if score >= LEAST_SCORE
    ]


def _trusted(look: _Look, finer: _Look | None, coarser: _Look | None, known: Known) -> np.ndarray:
    """Scores of a look (N,), lowered where the width is none that the network knows, and where a
    neighbouring look does not agree.

    What is narrow here is seen larger and better by the finer look, which has to agree; of what is
    wide the coarser one may.
    """
    scores = np.array([item["score"] for item in look.results])
    seen = look.widths * look.scale
    confirmed = np.ones(len(scores), dtype=bool)
    if finer is not None:
        confirmed = _confirmed(look, finer)
        confirmed |= (seen > np.sqrt(STEP) * known.width_px) & _confirmed(look, coarser)
    away = known.away(seen)
    beyond = np.maximum(0.0, np.maximum(away - WIDE, -away - NARROW))
    return scores * np.exp(-(beyond**2) / 2) * np.where(confirmed, 1.0, UNCONFIRMED)


def _confirmed(look: _Look, other: _Look | None) -> np.ndarray:
    """Of each result of a look (N,), whether another look found it too."""
    masks = [
        item["segmentation"]
        for item in (other.results if other else ())
        if item["score"] >= SEEN_SCORE
    ]
    own = [item["segmentation"] for item in look.results]
    return overlaps(own, masks).max(axis=1, initial=0) >= SAME_IOU


def _thin_share(results: Sequence[Mapping], widths: np.ndarray, limit_px: float) -> float:
    """Share of the sure results that are thinner than a limit; 0 where there are none."""
    sure = np.array([item["score"] >= CONFIDENT for item in results], dtype=bool)
    return float(np.mean(widths[sure] < limit_px)) if sure.any() else 0.0
