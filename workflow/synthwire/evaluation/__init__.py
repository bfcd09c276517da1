"""Comparing predicted masks with annotated ones.

Average precision follows COCO: pycocotools computes the overlaps; the matching, compiled here for
speed and for the resampling, gives pycocotools' numbers (the tests compare them). Accuracy follows
Eq. 3 of Lin et al., npj Comput. Mater. 8, 88 (2022). Annotations with iscrowd=1 are ignore regions
throughout: a detection there counts neither for nor against, and pixels covered only by them leave
the accuracy. Fractions are given in percent, as published; a value that does not exist (no particle
of that size) is NaN, which JSON holds as null.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numba
import numpy as np
from pycocotools import mask as coco_mask
from scipy.stats import norm as normal
from scipy.stats import t as student

from synthwire.annotations import decode_mask, segmentation_to_rle, union_of_masks
from synthwire.errors import InputError
from synthwire.files import json_ready

MINIMUM_SCORE = 0.05  # Detectron2's SCORE_THRESH_TEST; predictions below do not count
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's, Eq. 6 of the paper
RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # COCO's; precision is averaged over them
AREAS = ("all", "small", "medium", "large")
BACKGROUND, TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, IGNORED = range(5)
KINDS = ("bbox", "segm")
FEWEST_RESAMPLED = 5  # units or particles; an interval from fewer would say nothing
CARRY_IOU = 0.1  # from this overlap on a detection is resampled with an annotation


def evaluate_predictions(
    ground_truth: dict, predictions: list, settings: Mapping, *, seed: int = 0
) -> dict:
    """All metrics of one model on one image set.

    `ground_truth` is a COCO data set, `predictions` a list of COCO results
    `{image_id, category_id, score, segmentation: RLE[, bbox]}`; `settings` are the config's
    `evaluation`. The result holds only what JSON can hold:

    - `accuracy`: TP/(TP+FP+FN) in percent over the pixels of all images (Eq. 3), the foreground
      being the union of masks with score ≥ `accuracy_score`; `pixels`: those counts;
    - `bbox`, `segm`: {ap, ap50, ap75, aps, apm, apl} in percent, scores ≥ 0.05, at most
      `detections[0]` detections an image; `bbox_score70`, `segm_score70`: the same for scores
      ≥ `accuracy_score` (the key tells the score); `bbox_500`, `segm_500`: the same for
      at most `detections[1]` detections (the key tells the number);
    - `counts`: images, ground_truth (without ignored), ignored, predictions, and
      predictions_score70;
    - `precision_recall`: recall and precision after each detection (masks, IoU 0.5) and the
      interpolated envelope (Fig. 12 of the paper), as fractions;
    - `thresholds`: for each IoU from 0.5 to 0.95 the true and false positives, the particles
      missed, and precision, recall and F1 in percent, of masks with score ≥ `accuracy_score`;
    - `panoptic`: {pq, sq, rq} in percent, the same masks at IoU 0.5;
    - `count`: annotated and predicted particles (the same masks; those on ignored outlines do
      not count), their difference `error`, `relative_error` in percent, and the mean of the
      images' absolute differences;
    - `boundary`: {precision, recall, f1} in percent of the pixels on particles' outlines, within
      `boundary_tolerance_px`;
    - `overlap`: a list over ranges of the fraction of a particle that others cover (parted at
      `overlap_limits`): {low, high, ground_truth, ap, ap50, recall50} for masks;
    - `uncertainty`: bootstrap intervals, see `resample`;
    - `per_image`: image_id, file_name, page, accuracy, tp, fp, fn, ground_truth, predictions.

    Where `settings` lacks `boundary_tolerance_px`, `overlap_limits` or `bootstrap_replicates`,
    that part is left out. Models evaluated with one `seed` are resampled alike, so that their
    differences can be tested in pairs (`paired_difference`).

    InputError names the prediction that does not fit the data set.
    """
    truth, results = _check(ground_truth, predictions)
    score = settings["accuracy_score"]
    usual, most = settings["detections"]
    of_score = f"score{round(100 * score):02d}"
    case = _compare(truth, results, settings)
    units = case.units
    matchings = {kind: _match_by_area(case, kind, settings["area_limits_px"]) for kind in KINDS}
    evaluation: dict = {}

    per_image, pixel_counts = _pixel_accuracy(case, score)
    pixels = {key: sum(row[key] for row in per_image) for key in ("tp", "fp", "fn")}
    evaluation["accuracy"] = accuracy(**pixels)
    evaluation["pixels"] = pixels
    once = np.ones((1, units.number))
    for suffix, limit, floor in (
        ("", usual, 0.0),
        (f"_{of_score}", usual, score),
        (f"_{most}", most, 0.0),
    ):
        for kind, matching in matchings.items():
            metrics = coco_metrics(matching, once, limit=limit, floor=floor)
            evaluation[kind + suffix] = {key: float(value[0]) for key, value in metrics.items()}
    crowd = sum(item["iscrowd"] for item in truth["annotations"])
    evaluation["counts"] = {
        "images": len(truth["images"]),
        "ground_truth": len(truth["annotations"]) - crowd,
        "ignored": crowd,
        "predictions": len(results),
        f"predictions_{of_score}": sum(item["score"] >= score for item in results),
    }
    evaluation["precision_recall"] = precision_recall(matchings["segm"], limit=usual)

    # the instances of the accuracy and the statistics, not only COCO's 100 an image
    hits = _count_hits(case, matchings["segm"]["all"], limit=max(usual, most), floor=score)
    evaluation["thresholds"] = [
        {"iou": round(float(threshold), 2), **_f1_scores(*counts)}
        for threshold, counts in zip(
            IOU_THRESHOLDS, hits.counts.sum(axis=0).astype(int).tolist(), strict=True
        )
    ]
    evaluation["panoptic"] = _panoptic(hits.counts[:, 0].sum(axis=0), hits.overlap.sum())
    evaluation["count"] = _count_error(hits)
    outlines = None
    if settings.get("boundary_tolerance_px") is not None:
        outlines = _outline_counts(case, score, settings["boundary_tolerance_px"])
        evaluation["boundary"] = _boundary_scores(outlines.sum(axis=0))
    if settings.get("overlap_limits") is not None:
        evaluation["overlap"] = _by_overlap(case, settings["overlap_limits"], limit=usual)
    if settings.get("bootstrap_replicates"):
        evaluation["uncertainty"] = _resample(
            case, matchings, pixel_counts, hits, outlines, settings, seed, limit=usual
        )
    evaluation["per_image"] = per_image
    return json_ready(evaluation)


def _check(ground_truth: dict, predictions: list) -> tuple[dict, list[dict]]:
    """Own copies of both, with RLE masks, boxes and areas of the masks, ids from 1, scores ≥ 0.05.

    Ids are given anew since COCOeval takes an annotation with id 0 for "not matched".
    """
    sizes = {image["id"]: (image["height"], image["width"]) for image in ground_truth["images"]}
    categories = {category["id"] for category in ground_truth["categories"]}
    annotations = []
    for number, item in enumerate(ground_truth["annotations"], start=1):
        rle = segmentation_to_rle(item["segmentation"], *sizes[item["image_id"]])
        annotations.append(
            {
                "id": number,
                "image_id": item["image_id"],
                "category_id": item["category_id"],
                "segmentation": rle,
                "bbox": list(item.get("bbox") or coco_mask.toBbox(rle)),
                "area": float(item.get("area") or coco_mask.area(rle)),
                "iscrowd": int(item.get("iscrowd", 0)),
            }
        )
    results = []
    for number, item in enumerate(predictions):
        missing = {"image_id", "category_id", "score", "segmentation"} - item.keys()
        if missing:
            raise InputError(f"prediction {number}: '{sorted(missing)[0]}' is missing")
        if item["image_id"] not in sizes:
            raise InputError(
                f"prediction {number}: no image {item['image_id']} among the annotated ones"
            )
        if item["category_id"] not in categories:
            raise InputError(
                f"prediction {number}: no category {item['category_id']}; "
                f"the annotations have {sorted(categories)}"
            )
        score = item["score"]
        if not isinstance(score, (int, float)) or not 0 <= score <= 1:
            raise InputError(f"prediction {number}: score {score} is not between 0 and 1")
        if score < MINIMUM_SCORE:
            continue
        try:
            rle = segmentation_to_rle(item["segmentation"], *sizes[item["image_id"]])
        except InputError as error:
            raise InputError(f"prediction {number}: {error}") from None
        results.append(
            {
                "id": len(results) + 1,
                "image_id": item["image_id"],
                "category_id": item["category_id"],
                "score": float(score),
                "segmentation": rle,
                "bbox": list(item.get("bbox") or coco_mask.toBbox(rle)),
                "iscrowd": 0,
            }
        )
    truth = {
        "images": ground_truth["images"],
        "categories": ground_truth["categories"],
        "annotations": annotations,
    }
    return truth, results


# Pixels


def classify_pixels(
    truth: np.ndarray, predicted: np.ndarray, ignored: np.ndarray | None = None
) -> np.ndarray:
    """Map (height, width), uint8: 0 background, 1 TP, 2 FP, 3 FN, 4 ignored.

    `truth`, `predicted` and `ignored` are boolean foregrounds (height, width), unions of masks.
    A pixel is ignored when only ignore regions cover it, no annotated particle.
    """
    classes = np.zeros(truth.shape, dtype=np.uint8)
    classes[truth & predicted] = TRUE_POSITIVE
    classes[predicted & ~truth] = FALSE_POSITIVE
    classes[truth & ~predicted] = FALSE_NEGATIVE
    if ignored is not None:
        classes[ignored & ~truth] = IGNORED
    return classes


def classify_image(
    image: Mapping, annotations: Sequence[Mapping], predictions: Sequence[Mapping], score: float
) -> np.ndarray:
    """`classify_pixels` for the COCO annotations and results of one image, scores ≥ `score`."""
    height, width = image["height"], image["width"]

    def union(items) -> np.ndarray:
        rles = [segmentation_to_rle(item["segmentation"], height, width) for item in items]
        return union_of_masks(rles, height, width)

    return classify_pixels(
        union(item for item in annotations if not item.get("iscrowd", 0)),
        union(item for item in predictions if item["score"] >= score),
        union(item for item in annotations if item.get("iscrowd", 0)),
    )


def accuracy(tp: int, fp: int, fn: int) -> float:
    """TP/(TP+FP+FN) in percent (Eq. 3 of the paper); NaN when there is no foreground at all."""
    total = tp + fp + fn
    return 100.0 * tp / total if total else math.nan


def _pixel_accuracy(case: Comparison, score: float) -> tuple[list[dict], np.ndarray]:
    """One row per image, and counts (units, 3) of TP, FP and FN pixels."""
    truth, results, units = case.truth, case.results, case.units
    annotated = _group(truth["annotations"], truth["images"])
    predicted = _group(results, truth["images"])
    rows = []
    counts = np.zeros((units.number, 3))
    wanted = [TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE]
    for number, image in enumerate(truth["images"]):
        outlines, detections = annotated[image["id"]], predicted[image["id"]]
        classes = classify_image(image, outlines, detections, score)
        of_truth, of_results = case.owners(number)
        owners = np.where(
            (classes == TRUE_POSITIVE) | (classes == FALSE_NEGATIVE), of_truth, of_results
        )
        counts += _count_in_units(classes, 5, units.number, owners)[:, wanted]
        found = np.bincount(classes.ravel(), minlength=5)
        tp, fp, fn = (int(found[kind]) for kind in wanted)
        rows.append(
            {
                "image_id": image["id"],
                "file_name": image.get("file_name"),
                "page": image.get("page"),
                "accuracy": accuracy(tp, fp, fn),
                "tp": tp,
                "fp": fp,
                "fn": fn,
                "ground_truth": sum(not item["iscrowd"] for item in outlines),
                "predictions": sum(item["score"] >= score for item in detections),
            }
        )
    return rows, counts


def _group(items: Sequence[dict], images: Sequence[dict]) -> dict:
    groups: dict = {image["id"]: [] for image in images}
    for item in items:
        groups[item["image_id"]].append(item)
    return groups


# What is resampled


class Units(NamedTuple):
    """What a bootstrap draws: whole images, or square blocks of the images."""

    kind: str  # "image" or "block"
    number: int
    first: list[int]  # of each image: its first unit
    grid: list[tuple[int, int]]  # of each image: blocks down, across
    sizes: list[tuple[int, int]]  # of each image: height, width


def _resampling_units(truth: dict, settings: Mapping) -> Units:
    """Images where there are enough of them, else blocks of about `bootstrap_block_px`."""
    sizes = [(image["height"], image["width"]) for image in truth["images"]]
    if len(sizes) >= settings.get("bootstrap_images", 1):
        return Units("image", len(sizes), list(range(len(sizes))), [(1, 1)] * len(sizes), sizes)
    side = settings["bootstrap_block_px"]
    grid = [(max(1, round(height / side)), max(1, round(width / side))) for height, width in sizes]
    ends = np.cumsum([down * across for down, across in grid])
    first = [0, *(int(end) for end in ends[:-1])]
    return Units("block", int(ends[-1]), first, grid, sizes)


def _unit_at(units: Units, image: int, row: float, column: float) -> int:
    (down, across), (height, width) = units.grid[image], units.sizes[image]
    i = min(int(row * down / height), down - 1)
    j = min(int(column * across / width), across - 1)
    return units.first[image] + i * across + j


def _count_in_units(
    classes: np.ndarray, number: int, units: int, owners: np.ndarray | int
) -> np.ndarray:
    """How often each class 0…number−1 stands in each unit: (units, number).

    `owners` is the unit of each pixel, or of the whole image.
    """
    places = (owners * number + classes.astype(np.int64)).ravel()
    return np.bincount(places, minlength=units * number).reshape(units, number).astype(float)


# Matching


class Pairs(NamedTuple):
    """Detections (best score first) and annotations of one image and category, with their IoU.

    `detections` and `outlines` are numbers in the lists of results and annotations, `iou` is
    (detections, outlines); for an ignore region it is the part of the detection inside it.
    """

    image: int
    category: int
    detections: np.ndarray
    outlines: np.ndarray
    iou: np.ndarray


class Crop(NamedTuple):
    """A mask within its bounding box, and where in the image that box lies."""

    mask: np.ndarray
    place: tuple[slice, slice]


def _crops(items: Sequence[Mapping]) -> list[Crop]:
    found = []
    for item in items:
        rle = item["segmentation"]
        x, y, width, height = (int(side) for side in coco_mask.toBbox(rle))
        place = (slice(y, y + height), slice(x, x + width))
        found.append(Crop(decode_mask(rle)[place].copy(), place))
    return found


@dataclass(frozen=True)
class Comparison:
    """Annotations and detections side by side; arrays go along the lists of `truth`, `results`."""

    truth: dict
    results: list[dict]
    crowd: np.ndarray
    score: np.ndarray
    pairs: dict[str, list[Pairs]]
    units: Units
    unit_of_truth: np.ndarray
    unit_of_result: np.ndarray

    @cached_property
    def crops_of_truth(self) -> list[Crop]:
        return _crops(self.truth["annotations"])

    @cached_property
    def crops_of_results(self) -> list[Crop]:
        return _crops(self.results)

    def owners(self, number: int) -> tuple[np.ndarray, np.ndarray] | tuple[int, int]:
        """Resampling unit of each pixel of an image, as annotated and as detected.

        A pixel goes with the particle that it belongs to, so that a long wire is drawn whole;
        a pixel of several with one of them. Pixels of no particle have the image's first unit.
        """
        first = self.units.first[number]
        if self.units.kind == "image":
            return first, first
        image = self.truth["images"][number]["id"]
        shape = self.units.sizes[number]
        maps = []
        for items, crops, units in (
            (self.truth["annotations"], self.crops_of_truth, self.unit_of_truth),
            (self.results, self.crops_of_results, self.unit_of_result),
        ):
            owner = np.full(shape, first, dtype=np.int64)
            # the first of a list, the best detection, is painted last
            for item, crop, unit in reversed(list(zip(items, crops, units, strict=True))):
                if item["image_id"] == image:
                    owner[crop.place][crop.mask] = unit
            maps.append(owner)
        return maps[0], maps[1]


def _compare(truth: dict, results: list[dict], settings: Mapping) -> Comparison:
    limit = max(settings["detections"])
    units = _resampling_units(truth, settings)
    pairs = {kind: _find_pairs(truth, results, kind, limit) for kind in KINDS}
    numbers = {image["id"]: number for number, image in enumerate(truth["images"])}

    def by_middle(items: list[dict]) -> np.ndarray:
        found = np.zeros(len(items), dtype=np.int64)
        for number, item in enumerate(items):
            x, y, width, height = item["bbox"]
            found[number] = _unit_at(
                units, numbers[item["image_id"]], y + height / 2, x + width / 2
            )
        return found

    # A detection goes with the annotation that it overlaps most, so that drawing a block draws
    # particles together with what was found of them
    of_truth, of_results = by_middle(truth["annotations"]), by_middle(results)
    for group in pairs["segm"]:
        if units.kind == "block" and group.iou.size:
            best = np.argmax(group.iou, axis=1)
            near = group.iou[np.arange(len(best)), best] > CARRY_IOU
            of_results[group.detections[near]] = of_truth[group.outlines[best[near]]]
    return Comparison(
        truth,
        results,
        np.array([bool(item["iscrowd"]) for item in truth["annotations"]], dtype=bool),
        np.array([item["score"] for item in results], dtype=np.float64),
        pairs,
        units,
        of_truth,
        of_results,
    )


def _find_pairs(truth: dict, results: list[dict], kind: str, limit: int) -> list[Pairs]:
    """Pairs of every category and image, the `limit` best detections of each."""
    categories = sorted(category["id"] for category in truth["categories"])
    images = {image["id"]: number for number, image in enumerate(truth["images"])}
    groups: dict = {(c, i): ([], []) for c in categories for i in sorted(images)}
    for number, item in enumerate(truth["annotations"]):
        groups[item["category_id"], item["image_id"]][0].append(number)
    for number, item in enumerate(results):
        groups[item["category_id"], item["image_id"]][1].append(number)
    field = "bbox" if kind == "bbox" else "segmentation"
    pairs = []
    for (category, image), (outlines, detections) in groups.items():
        score = np.array([results[number]["score"] for number in detections])
        best = np.asarray(detections, dtype=np.int64)
        best = best[np.argsort(-score, kind="mergesort")[:limit]]
        iou = np.zeros((len(best), len(outlines)))
        if iou.size:
            iou = coco_mask.iou(
                [results[number][field] for number in best],
                [truth["annotations"][number][field] for number in outlines],
                [truth["annotations"][number]["iscrowd"] for number in outlines],
            )
        outlines = np.asarray(outlines, dtype=np.int64)
        pairs.append(Pairs(images[image], category, best, outlines, np.asarray(iou)))
    return pairs


@numba.njit(cache=True)
def _match(iou, crowd, ignored, thresholds):
    """COCO's greedy matching: the partner of each detection at each threshold, −1 for none.

    Annotations stand with the ignored ones last. Of the free annotations a detection takes the
    one with the greatest IoU, an ignored one only where no other will do; ignore regions
    (`crowd`) can be taken again.
    """
    count, outlines = iou.shape
    partner = np.full((len(thresholds), count), -1, dtype=np.int64)
    for t in range(len(thresholds)):
        taken = np.zeros(outlines, dtype=np.bool_)
        for d in range(count):
            least = min(thresholds[t], 1 - 1e-10)
            best = -1
            for g in range(outlines):
                if taken[g] and not crowd[g]:
                    continue
                if best > -1 and not ignored[best] and ignored[g]:
                    break
                if iou[d, g] < least:
                    continue
                least = iou[d, g]
                best = g
            if best > -1:
                partner[t, d] = best
                taken[best] = True
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


def _match_by_area(case: Comparison, kind: str, area_limits_px: Sequence[float]) -> Matching:
    """COCO's matching within each range of areas, limits included on both sides.

    As in COCO.loadRes, a detection's area is that of what is compared, its box or its mask.
    """
    small, large = area_limits_px
    ranges = ((0.0, 1e10), (0.0, small), (small, large), (large, 1e10))
    annotated = np.array([item["area"] for item in case.truth["annotations"]])
    if kind == "bbox":
        found = np.array([item["bbox"][2] * item["bbox"][3] for item in case.results])
    else:
        # one by one: with numpy 2, pycocotools fails on lists of more than 255 masks
        found = np.array([float(coco_mask.area(item["segmentation"])) for item in case.results])
    return {
        name: _match_range(
            case,
            kind,
            (annotated < low) | (annotated > high),
            (found < low) | (found > high),
        )
        for name, (low, high) in zip(AREAS, ranges, strict=True)
    }


def _match_range(
    case: Comparison, kind: str, outside: np.ndarray, found_outside: np.ndarray
) -> list[Detections]:
    """Match; annotations outside the range are ignored, and unmatched detections outside it."""
    categories: dict[int, list[Pairs]] = {}
    for pairs in case.pairs[kind]:
        categories.setdefault(pairs.category, []).append(pairs)
    return [_match_category(case, group, outside, found_outside) for group in categories.values()]


def _match_category(
    case: Comparison, group: list[Pairs], outside: np.ndarray, found_outside: np.ndarray
) -> Detections:
    thresholds = len(IOU_THRESHOLDS)
    positives = np.zeros(case.units.number, dtype=np.int64)
    numbers, ranks, images, overlaps = [], [], [], []
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


# Average precision


@numba.njit(cache=True)
def _average_precision(matched, ignored, unit, positives, weights, levels):
    """Average precision (draws, thresholds) as a fraction, each unit counted `weights` times."""
    draws, thresholds, count = weights.shape[0], matched.shape[0], matched.shape[1]
    result = np.empty((draws, thresholds))
    recall = np.empty(count)
    precision = np.empty(count)
    for draw in range(draws):
        number = 0.0
        for u in range(len(positives)):
            number += weights[draw, u] * positives[u]
        if number == 0:
            result[draw] = np.nan
            continue
        for t in range(thresholds):
            tp, fp, steps = 0.0, 0.0, 0
            for d in range(count):
                weight = weights[draw, unit[d]]
                if weight == 0 or ignored[t, d]:
                    continue
                if matched[t, d]:  # only here does recall grow
                    tp += weight
                    recall[steps] = tp / number
                    precision[steps] = tp / (tp + fp + 2.220446049250313e-16)
                    steps += 1
                else:
                    fp += weight
            for step in range(steps - 2, -1, -1):
                precision[step] = max(precision[step], precision[step + 1])
            total, step = 0.0, 0
            for level in levels:
                while step < steps and recall[step] < level:
                    step += 1
                if step == steps:
                    break
                total += precision[step]
            result[draw, t] = total / len(levels)
    return result


def average_precision(detections: Detections, weights: np.ndarray) -> np.ndarray:
    """Average precision in percent (draws, IoU thresholds); NaN without annotations.

    COCO's: the mean over 101 recall levels of the greatest precision at that recall or above.
    `weights` (draws, units) tells how often each draw of a bootstrap holds each unit; one row of
    ones gives the plain value.
    """
    counted = ~detections.ignored.all(axis=0)
    return 100.0 * _average_precision(
        np.ascontiguousarray(detections.matched[:, counted]),
        np.ascontiguousarray(detections.ignored[:, counted]),
        detections.unit[counted],
        detections.positives,
        np.asarray(weights, dtype=np.float64),
        RECALL_LEVELS,
    )


def _mean_over_categories(
    parts: list[Detections], weights: np.ndarray, limit: int, floor: float = 0.0
) -> np.ndarray:
    curves = np.array([average_precision(part.best(limit, floor), weights) for part in parts])
    known = ~np.isnan(curves)
    number = known.sum(axis=0)
    total = np.where(known, curves, 0.0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def coco_metrics(
    matching: Matching, weights: np.ndarray, *, limit: int, floor: float = 0.0
) -> dict[str, np.ndarray]:
    """{ap, ap50, ap75, aps, apm, apl} in percent, averaged over categories, of each draw.

    `limit` is the greatest number of detections per image, `floor` the lowest score that counts.
    """
    everything = _mean_over_categories(matching["all"], weights, limit, floor)
    at = {round(100 * threshold): number for number, threshold in enumerate(IOU_THRESHOLDS)}
    return {
        "ap": everything.mean(axis=1),
        "ap50": everything[:, at[50]],
        "ap75": everything[:, at[75]],
        **{
            key: _mean_over_categories(matching[area], weights, limit, floor).mean(axis=1)
            for key, area in (("aps", "small"), ("apm", "medium"), ("apl", "large"))
        },
    }


def precision_recall(matching: Matching, *, limit: int) -> dict[str, list[float]]:
    """Recall and precision after each detection at IoU 0.5, and the envelope, as fractions.

    The envelope at a recall is the greatest precision at that recall or above (VOC 2010, the
    paper's Fig. 12). Categories are pooled. Empty lists without annotations.
    """
    parts = [detections.best(limit) for detections in matching["all"]]
    positives = sum(int(part.positives.sum()) for part in parts)
    score = np.concatenate([part.score for part in parts])
    matched = np.concatenate([part.matched[0] for part in parts])
    counted = ~np.concatenate([part.ignored[0] for part in parts])
    matched = matched[counted][np.argsort(-score[counted], kind="mergesort")]
    if positives == 0:
        return {"recall": [], "precision": [], "envelope": []}
    tp = np.cumsum(matched)
    precision = tp / np.arange(1, len(matched) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return {
        "recall": (tp / positives).round(6).tolist(),
        "precision": precision.round(6).tolist(),
        "envelope": envelope.round(6).tolist(),
    }


# Instances at one score


class Hits(NamedTuple):
    """Hits and misses of instances: `counts` (units, IoU thresholds, 3) of TP, FP, FN.

    `overlap` (units) sums the IoU of the hits at 0.5; `annotated` and `predicted` count the
    instances of each image, without those that are ignored.
    """

    counts: np.ndarray
    overlap: np.ndarray
    annotated: np.ndarray
    predicted: np.ndarray


def _count_hits(case: Comparison, parts: list[Detections], *, limit: int, floor: float) -> Hits:
    units, images = case.units.number, len(case.truth["images"])
    counts = np.zeros((units, len(IOU_THRESHOLDS), 3))
    overlap, predicted = np.zeros(units), np.zeros(images, dtype=np.int64)
    for part in parts:
        kept = part.best(limit, floor)
        counted = ~kept.ignored
        for place, kind in ((0, kept.matched & counted), (1, ~kept.matched & counted)):
            for threshold in range(len(IOU_THRESHOLDS)):
                np.add.at(counts[:, threshold, place], kept.unit[kind[threshold]], 1)
        np.add.at(overlap, kept.unit[counted[0]], kept.overlap[counted[0]])
        np.add.at(predicted, kept.image[counted[0]], 1)
        counts[:, :, 2] += kept.positives[:, None]
    counts[:, :, 2] -= counts[:, :, 0]
    numbers = {image["id"]: number for number, image in enumerate(case.truth["images"])}
    annotated = np.zeros(images, dtype=np.int64)
    for item in case.truth["annotations"]:
        annotated[numbers[item["image_id"]]] += not item["iscrowd"]
    return Hits(counts, overlap, annotated, predicted)


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """100 · part / whole, NaN where there is nothing."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.where(whole > 0, 100.0 * part / np.where(whole > 0, whole, 1.0), np.nan)


def _f1_scores(tp: int, fp: int, fn: int) -> dict[str, float]:
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "precision": float(_percent(tp, tp + fp)),
        "recall": float(_percent(tp, tp + fn)),
        "f1": float(_percent(2 * tp, 2 * tp + fp + fn)),
    }


def _panoptic(counts: np.ndarray, overlap: float) -> dict[str, float]:
    """Panoptic quality of Kirillov et al. (CVPR 2019), for instances that may overlap.

    pq = Σ IoU / (TP + FP/2 + FN/2), sq is the mean IoU of the hits, rq the F1 at IoU 0.5.
    """
    tp, fp, fn = counts
    return {
        "pq": float(_percent(overlap, tp + fp / 2 + fn / 2)),
        "sq": float(_percent(overlap, tp)),
        "rq": float(_percent(2 * tp, 2 * tp + fp + fn)),
    }


def _count_error(hits: Hits) -> dict[str, float]:
    annotated, predicted = int(hits.annotated.sum()), int(hits.predicted.sum())
    return {
        "annotated": annotated,
        "predicted": predicted,
        "error": predicted - annotated,
        "relative_error": float(_percent(predicted - annotated, annotated)),
        "mean_absolute_error": float(np.abs(hits.predicted - hits.annotated).mean())
        if len(hits.annotated)
        else math.nan,
    }


# Outlines


def _outline_counts(case: Comparison, score: float, tolerance_px: float) -> np.ndarray:
    """Counts (units, 4): predicted outline pixels that lie right, all; annotated ones found, all.

    An outline pixel is a pixel of a mask with a neighbour (up, down, left, right) outside it,
    the image's edge not counting as outside. It lies right, or is found, with an outline pixel
    of the other side within the tolerance. Outlines inside ignored areas do not count.
    """
    numbers = {image["id"]: number for number, image in enumerate(case.truth["images"])}
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
        near_truth = _dilate(truth, tolerance_px)
        if doubtful[number]:
            ignored = _dilate(union_of_masks(doubtful[number], *shape), tolerance_px)
            found &= near_truth | ~ignored
        of_truth, of_results = case.owners(number)
        for place, (pixels, near, owners) in enumerate(
            ((found, near_truth, of_results), (truth, _dilate(found, tolerance_px), of_truth))
        ):
            classes = pixels.astype(np.uint8) + (pixels & near)  # 1: away, 2: near
            in_units = _count_in_units(classes, 3, case.units.number, owners)
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


def _dilate(pixels: np.ndarray, radius: float) -> np.ndarray:
    """Pixels within `radius` of one that is set."""
    reach = int(radius)
    height, width = pixels.shape
    padded = np.pad(pixels, reach)
    grown = np.zeros_like(pixels)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            if i * i + j * j <= radius * radius:
                grown |= padded[reach + i : reach + i + height, reach + j : reach + j + width]
    return grown


def _boundary_scores(counts: np.ndarray) -> dict[str, float]:
    """Boundary F1 (Csurka et al., BMVC 2013), over the outlines of all instances."""
    right, drawn, found, true = counts
    precision, recall = float(_percent(right, drawn)), float(_percent(found, true))
    total = precision + recall
    f1 = 2 * precision * recall / total if total > 0 else (0.0 if true and drawn else math.nan)
    return {"precision": precision, "recall": recall, "f1": f1}


# Crossing particles


def _by_overlap(case: Comparison, limits: Sequence[float], *, limit: int) -> list[dict]:
    """AP of masks by the fraction of a particle that other annotated particles cover.

    As with COCO's areas, annotations outside the range are ignored, and so are detections that
    match nothing and are outside it themselves: for a detection, the fraction of its pixels
    covered by annotated particles other than the one that it overlaps most.
    """
    fraction, found_fraction = _covered_fractions(case)
    edges = [0.0, *limits, 1.0]
    rows = []
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        last = number == len(limits)

        def outside(values: np.ndarray, low=low, high=high, last=last) -> np.ndarray:
            return (values < low) | (values > high if last else values >= high)

        parts = _match_range(case, "segm", outside(fraction), outside(found_fraction))
        values = _mean_over_categories(parts, np.ones((1, case.units.number)), limit)[0]
        positives = sum(int(part.positives.sum()) for part in parts)
        hit = sum(
            int((kept.matched[0] & ~kept.ignored[0]).sum())
            for kept in (part.best(limit) for part in parts)
        )
        rows.append(
            {
                "low": low,
                "high": high,
                "ground_truth": positives,
                "ap": float(values.mean()),
                "ap50": float(values[0]),
                "recall50": float(_percent(hit, positives)),
            }
        )
    return rows


def _covered_fractions(case: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Fraction of each annotation, and of each detection, that other annotations cover."""
    fraction = np.zeros(len(case.truth["annotations"]))
    found = np.zeros(len(case.results))
    layers = [
        np.zeros((image["height"], image["width"]), dtype=np.uint16)
        for image in case.truth["images"]
    ]
    numbers = {image["id"]: number for number, image in enumerate(case.truth["images"])}
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


# Uncertainty


def _resample(
    case: Comparison,
    matchings: dict[str, Matching],
    pixels: np.ndarray,
    hits: Hits,
    outlines: np.ndarray | None,
    settings: Mapping,
    seed: int,
    *,
    limit: int,
) -> dict:
    """Bootstrap intervals (`bootstrap_interval`), over images or over blocks of few images.

    {unit, units, replicates, level, intervals, draws}: `intervals` holds [low, high] under the
    names of the metrics, `draws` the replicates of accuracy, bbox_ap … segm_apl and
    relative_count_error, for tests in pairs. Which units are drawn depends on the number of
    units and `seed` alone, so two models on the same images are drawn alike. Fewer than five
    units, or five particles of a size, give no interval (null).
    """
    units, replicates = case.units.number, settings["bootstrap_replicates"]
    level = settings["bootstrap_level"]
    result = {
        "unit": case.units.kind,
        "units": units,
        "replicates": replicates,
        "level": level,
        "intervals": None,
        "draws": None,
    }
    if units < FEWEST_RESAMPLED:
        return result
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    weights = generator.multinomial(units, np.full(units, 1 / units), size=replicates)
    weights = weights.astype(np.float64)

    everything = np.concatenate([np.ones((1, units)), weights])  # the plain value first

    def interval(values: np.ndarray, least: float = 0.0, most: float = 100.0) -> list[float]:
        found = bootstrap_interval(values[1:], float(values[0]), units, level)
        return np.clip(found, least, most).tolist()

    def enough(matching: Matching, metric: str) -> bool:
        area = {"aps": "small", "apm": "medium", "apl": "large"}.get(metric, "all")
        return sum(int(part.positives.sum()) for part in matching[area]) >= FEWEST_RESAMPLED

    draws = {
        kind: coco_metrics(matching, everything, limit=limit)
        for kind, matching in matchings.items()
    }
    tp, fp, fn = (everything @ pixels).T
    accuracies = _percent(tp, tp + fp + fn)
    at_50 = everything @ hits.counts[:, 0]
    tp, fp, fn = at_50.T
    intervals = {
        "accuracy": interval(accuracies),
        **{
            kind: {
                key: interval(values) if enough(matchings[kind], key) else [math.nan, math.nan]
                for key, values in draws[kind].items()
            }
            for kind in KINDS
        },
        "precision50": interval(_percent(tp, tp + fp)),
        "recall50": interval(_percent(tp, tp + fn)),
        "f1_50": interval(_percent(2 * tp, 2 * tp + fp + fn)),
        "pq": interval(_percent(everything @ hits.overlap, tp + fp / 2 + fn / 2)),
        "relative_count_error": interval(_percent(fp - fn, tp + fn), -100.0, math.inf),
    }
    if outlines is not None:
        right, drawn, found, true = (everything @ outlines).T
        precision, recall = _percent(right, drawn), _percent(found, true)
        with np.errstate(invalid="ignore"):
            intervals["boundary_f1"] = interval(2 * precision * recall / (precision + recall))
    result["intervals"] = intervals
    result["draws"] = {
        "accuracy": accuracies,
        **{f"{kind}_{key}": values for kind in KINDS for key, values in draws[kind].items()},
        "relative_count_error": _percent(fp - fn, tp + fn),
    }
    result["draws"] = {key: values[1:].round(3).tolist() for key, values in result["draws"].items()}
    return result


def bootstrap_interval(
    draws: np.ndarray, value: float, units: int, level: float
) -> tuple[float, float]:
    """Interval (low, high) of a quantity from its bootstrap replicates; NaN without any.

    `value` is the quantity itself, `units` the number of units drawn from, `level` the confidence
    in percent. The percentiles are those of Student's t for so few units (Hesterberg, Am. Stat.
    69 (2015)), and are shifted by twice the bias of the replicates: average precision of few
    particles lies above that of many, and a bootstrap adds that bias once more. The value itself
    always lies inside. On single simulated images (30 wires, 16 blocks) intervals of 95 % held
    what many such images give in 84 % (AP), 87 % (accuracy) and 91–96 % (others) of the cases.
    """
    draws = draws[~np.isnan(draws)]
    if not len(draws) or math.isnan(value):
        return math.nan, math.nan
    quantile = student.ppf(0.5 + level / 200, units - 1) * math.sqrt(units / (units - 1))
    tail = 100 * normal.cdf(-quantile)
    low, high = np.percentile(draws, [tail, 100 - tail]) - 2 * (draws.mean() - value)
    return min(float(low), value), max(float(high), value)


def paired_difference(first: Mapping, second: Mapping, metric: str = "segm_ap") -> dict | None:
    """Difference first − second of one metric between two models on the same images, tested.

    `first` and `second` are results of `evaluate_predictions`, `metric` a key of their `draws`.
    Returns {difference, low, high, p}: the interval of the paired bootstrap, and the two-sided
    achieved significance level, twice the smaller share of replicates on either side of zero;
    None where a model has no draws. InputError where they were not drawn alike.
    """
    one, two = first.get("uncertainty") or {}, second.get("uncertainty") or {}
    if not one.get("draws") or not two.get("draws"):
        return None
    for key in ("unit", "units", "replicates", "level"):
        if one[key] != two[key]:
            raise InputError(
                f"models with {key} {one[key]} and {two[key]} were not resampled alike; "
                "evaluate both with the same settings on the same images"
            )
    draws = draws_of(first, metric) - draws_of(second, metric)
    draws = draws[~np.isnan(draws)]
    difference = value_of(first, metric) - value_of(second, metric)
    if not len(draws):
        return None
    low, high = bootstrap_interval(draws, difference, one["units"], one["level"])
    below, above = np.sum(draws <= 0), np.sum(draws >= 0)
    p = min(1.0, 2 * (min(below, above) + 1) / (len(draws) + 1))
    return {"difference": difference, "low": low, "high": high, "p": float(p)}


def value_of(evaluation: Mapping, metric: str) -> float:
    """A metric by the name that it has in `draws`; NaN where it does not exist."""
    if metric == "accuracy":
        value = evaluation["accuracy"]
    elif metric == "relative_count_error":
        value = evaluation["count"]["relative_error"]
    else:
        kind, name = metric.split("_")
        value = evaluation[kind][name]
    return math.nan if value is None else float(value)


def draws_of(evaluation: Mapping, metric: str) -> np.ndarray | None:
    """Bootstrap replicates of a metric; None where there are none."""
    draws = (evaluation.get("uncertainty") or {}).get("draws")
    return np.array(draws[metric], dtype=np.float64) if draws else None
