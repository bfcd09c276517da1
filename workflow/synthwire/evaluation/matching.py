"""COCO's matching of detections with annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthwire.evaluation.case import Case, Pairs
from synthwire.io.masks import mask_areas

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's, Eq. 6 of the paper
AREAS = ("all", "small", "medium", "large")


def _match(
    iou: np.ndarray, crowd: np.ndarray, ignored: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """COCO's greedy matching: the partner of each detection at each threshold, −1 for none.

    Annotations stand with the ignored ones last. Of the free annotations a detection takes the
    one with the greatest IoU, an ignored one only where no other will do; ignore regions
    (`crowd`) can be taken again.
    """
    partner = np.full((len(thresholds), len(iou)), -1, dtype=np.int64)
    limits = np.minimum(thresholds, 1 - 1e-10).tolist()
    near: dict[int, list[tuple[int, float]]] = {}  # what a detection overlaps by enough: mostly one
    for d, g in np.argwhere(iou >= min(limits)).tolist():
        near.setdefault(d, []).append((g, float(iou[d, g])))
    crowds, left_out = crowd.tolist(), ignored.tolist()
    for t, limit in enumerate(limits):
        taken: set[int] = set()
        for d, candidates in near.items():
            best, least = -1, limit
            for g, overlap in candidates:
                if g in taken and not crowds[g]:
                    continue
                if best > -1 and not left_out[best] and left_out[g]:
                    break
                if overlap >= least:
                    best, least = g, overlap
            if best > -1:
                partner[t, d] = best
                taken.add(best)
    return partner


@dataclass(frozen=True)
class Detections:
    """Detections of one category and one range, best score first, and what became of them.

    `rank` is a detection's place within its image, from 0. `matched` and `ignored` are boolean
    (IoU thresholds, detections), `overlap` is the IoU with the partner at IoU 0.5 (0 without).
    `image` and `unit` tell where a detection belongs; `positives` is the number of annotations
    that count, of each unit.
    """

    score: np.ndarray
    rank: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray
    overlap: np.ndarray
    image: np.ndarray
    unit: np.ndarray
    positives: np.ndarray

    def best(self, limit: int, floor: float = 0.0) -> Detections:
        """Only the `limit` best of each image, and only scores ≥ `floor`.

        COCO matches greedily from the best score down, so that the matches of the detections
        that stay are the same as if the others had never been there.
        """
        keep = (self.rank < limit) & (self.score >= floor)
        return Detections(
            self.score[keep],
            self.rank[keep],
            self.matched[:, keep],
            self.ignored[:, keep],
            self.overlap[keep],
            self.image[keep],
            self.unit[keep],
            self.positives,
        )


Matching = dict[str, list[Detections]]  # range → one entry a category


def match_by_area(case: Case, kind: str, area_limits_px: Sequence[float]) -> Matching:
    """COCO's matching within each range of areas, limits included on both sides.

    As in COCO.loadRes, a detection's area is that of what is compared, its box or its mask.
    """
    small, large = area_limits_px
    ranges = ((0.0, 1e10), (0.0, small), (small, large), (large, 1e10))
    annotated = np.array([item["area"] for item in case.truth["annotations"]])
    if kind == "bbox":
        found = np.array([item["bbox"][2] * item["bbox"][3] for item in case.results])
    else:
        found = mask_areas(item["segmentation"] for item in case.results)
    return {
        name: match_range(
            case,
            kind,
            (annotated < low) | (annotated > high),
            (found < low) | (found > high),
        )
        for name, (low, high) in zip(AREAS, ranges, strict=True)
    }


def match_range(
    case: Case, kind: str, outside: np.ndarray, found_outside: np.ndarray
) -> list[Detections]:
    """Match; annotations outside the range are ignored, and unmatched detections outside it."""
    categories: dict[int, list[Pairs]] = {}
    for pairs in case.pairs[kind]:
        categories.setdefault(pairs.category, []).append(pairs)
    return [_match_category(case, group, outside, found_outside) for group in categories.values()]


def _match_category(
    case: Case, group: list[Pairs], outside: np.ndarray, found_outside: np.ndarray
) -> Detections:
    thresholds = len(IOU_THRESHOLDS)
    positives = np.zeros(case.units.number, dtype=np.int64)
    numbers: list[int] = []
    ranks: list[int] = []
    images: list[int] = []
    overlaps: list[float] = []
    matched = [np.zeros((thresholds, 0), dtype=bool)]
    ignored = [np.zeros((thresholds, 0), dtype=bool)]
    for pairs in group:
        left_out = (case.crowd | outside)[pairs.outlines]
        order = np.argsort(left_out, kind="mergesort")
        outlines, left_out = pairs.outlines[order], left_out[order]
        np.add.at(positives, case.unit_of_truth[outlines[~left_out]], 1)
        count = len(pairs.detections)
        if not count:
            continue
        iou = np.ascontiguousarray(pairs.iou[:, order])
        partner = _match(iou, case.crowd[outlines], left_out, IOU_THRESHOLDS)
        hit = partner >= 0
        on_ignored = np.zeros_like(hit)
        on_ignored[hit] = left_out[partner[hit]]
        matched.append(hit)
        ignored.append(on_ignored | (~hit & found_outside[pairs.detections]))
        overlap = np.zeros(count)
        overlap[hit[0]] = iou[np.flatnonzero(hit[0]), partner[0, hit[0]]]
        overlaps.extend(overlap)
        numbers.extend(pairs.detections)
        ranks.extend(range(count))
        images.extend([pairs.image] * count)
    found = np.asarray(numbers, dtype=np.int64)
    order = np.argsort(-case.score[found], kind="mergesort")  # stable, as COCOeval.accumulate
    return Detections(
        case.score[found][order],
        np.asarray(ranks, dtype=np.int64)[order],
        np.concatenate(matched, axis=1)[:, order],
        np.concatenate(ignored, axis=1)[:, order],
        np.asarray(overlaps, dtype=np.float64)[order],
        np.asarray(images, dtype=np.int64)[order],
        case.unit_of_result[found][order],
        positives,
    )
