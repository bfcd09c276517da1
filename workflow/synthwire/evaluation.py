"""Comparing predicted masks with annotated ones.

Average precision follows COCO (pycocotools does the matching), accuracy follows Eq. 3 of Lin et
al., npj Comput. Mater. 8, 88 (2022). Annotations with iscrowd=1 are ignore regions throughout: a
detection there counts neither for nor against, and pixels covered only by them leave the accuracy.
Fractions are given in percent, as published; a value that does not exist (no particle of that
size) is NaN, which JSON holds as null.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from synthwire.annotations import segmentation_to_rle, union_of_masks
from synthwire.errors import InputError
from synthwire.files import json_ready

MINIMUM_SCORE = 0.05  # Detectron2's SCORE_THRESH_TEST; predictions below do not count
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's, Eq. 6 of the paper
RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # COCO's; precision is averaged over them
AREAS = ("all", "small", "medium", "large")
BACKGROUND, TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, IGNORED = range(5)


def evaluate_predictions(ground_truth: dict, predictions: list, settings: Mapping) -> dict:
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
    - `per_image`: image_id, file_name, page, accuracy, tp, fp, fn, ground_truth, predictions.

    InputError names the prediction that does not fit the data set.
    """
    truth, results = _check(ground_truth, predictions)
    score = settings["accuracy_score"]
    usual, most = settings["detections"]
    of_score = f"score{round(100 * score):02d}"
    evaluation: dict = {}

    per_image = _pixel_accuracy(truth, results, score)
    pixels = {key: sum(row[key] for row in per_image) for key in ("tp", "fp", "fn")}
    evaluation["accuracy"] = accuracy(**pixels)
    evaluation["pixels"] = pixels
    matchings = {
        kind: match_detections(truth, results, kind, settings["area_limits_px"], max(usual, most))
        for kind in ("bbox", "segm")
    }
    for suffix, limit, floor in (
        ("", usual, 0.0),
        (f"_{of_score}", usual, score),
        (f"_{most}", most, 0.0),
    ):
        for kind, matching in matchings.items():
            evaluation[kind + suffix] = coco_metrics(matching, limit=limit, floor=floor)
    crowd = sum(item["iscrowd"] for item in truth["annotations"])
    evaluation["counts"] = {
        "images": len(truth["images"]),
        "ground_truth": len(truth["annotations"]) - crowd,
        "ignored": crowd,
        "predictions": len(results),
        f"predictions_{of_score}": sum(item["score"] >= score for item in results),
    }
    evaluation["precision_recall"] = precision_recall(matchings["segm"], limit=usual)
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


def _pixel_accuracy(truth: dict, results: list[dict], score: float) -> list[dict]:
    annotated = _group(truth["annotations"], truth["images"])
    predicted = _group(results, truth["images"])
    rows = []
    for image in truth["images"]:
        outlines, detections = annotated[image["id"]], predicted[image["id"]]
        classes = classify_image(image, outlines, detections, score)
        number = np.bincount(classes.ravel(), minlength=5)
        counts = {
            "tp": int(number[TRUE_POSITIVE]),
            "fp": int(number[FALSE_POSITIVE]),
            "fn": int(number[FALSE_NEGATIVE]),
        }
        rows.append(
            {
                "image_id": image["id"],
                "file_name": image.get("file_name"),
                "page": image.get("page"),
                "accuracy": accuracy(**counts),
                **counts,
                "ground_truth": sum(not item["iscrowd"] for item in outlines),
                "predictions": sum(item["score"] >= score for item in detections),
            }
        )
    return rows


def _group(items: Sequence[dict], images: Sequence[dict]) -> dict:
    groups: dict = {image["id"]: [] for image in images}
    for item in items:
        groups[item["image_id"]].append(item)
    return groups


# Average precision


@dataclass(frozen=True)
class Detections:
    """Detections of one category and area range, best score first, and what became of them.

    `rank` is a detection's place within its image, from 0. `matched` and `ignored` are boolean
    (IoU thresholds, detections). `positives` is the number of annotations that count, per image.
    """

    score: np.ndarray
    image: np.ndarray
    rank: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray
    positives: np.ndarray

    def best(self, limit: int, floor: float = 0.0) -> Detections:
        """Only the `limit` best of each image, and only scores ≥ `floor`.

        COCO matches greedily from the best score down, so that the matches of the detections
        that stay are the same as if the others had never been there.
        """
        keep = (self.rank < limit) & (self.score >= floor)
        return Detections(
            self.score[keep],
            self.image[keep],
            self.rank[keep],
            self.matched[:, keep],
            self.ignored[:, keep],
            self.positives,
        )


Matching = dict[str, list[Detections]]  # area name → one entry a category


def match_detections(
    truth: dict, results: list[dict], kind: str, area_limits_px: Sequence[float], limit: int
) -> Matching:
    """COCO's greedy matching for `kind` "bbox" or "segm", for each area range and category.

    At most `limit` detections of an image are matched, best scores first.
    """
    small, large = area_limits_px
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools reports on stdout
        evaluator = COCOeval(_coco(truth["images"], truth, truth["annotations"]), iouType=kind)
        evaluator.cocoDt = _coco(truth["images"], truth, _with_areas(results, kind))
        parameters = evaluator.params
        parameters.imgIds = sorted(image["id"] for image in truth["images"])
        parameters.catIds = sorted(category["id"] for category in truth["categories"])
        parameters.iouThrs = IOU_THRESHOLDS
        parameters.maxDets = [limit]
        parameters.areaRng = [[0, 1e10], [0, small], [small, large], [large, 1e10]]
        parameters.areaRngLbl = list(AREAS)
        evaluator.evaluate()
    images, areas = len(parameters.imgIds), len(AREAS)
    matching: Matching = {area: [] for area in AREAS}
    for category in range(len(parameters.catIds)):
        for number, area in enumerate(AREAS):
            start = (category * areas + number) * images
            matching[area].append(_collect(evaluator.evalImgs[start : start + images]))
    return matching


def _with_areas(results: list[dict], kind: str) -> list[dict]:
    # As COCO.loadRes: a detection's size is its box's area for boxes, its mask's for masks
    if kind == "bbox":
        return [{**item, "area": item["bbox"][2] * item["bbox"][3]} for item in results]
    return [{**item, "area": float(coco_mask.area(item["segmentation"]))} for item in results]


def _coco(images: list, truth: dict, annotations: list[dict]) -> COCO:
    coco = COCO()
    coco.dataset = {
        "images": images,
        "categories": truth["categories"],
        # COCOeval writes into the annotations
        "annotations": [dict(item) for item in annotations],
    }
    coco.createIndex()
    return coco


def _collect(entries: list[dict | None]) -> Detections:
    """Detections of the images' evaluations, sorted by score; ties keep the images' order."""
    thresholds = len(IOU_THRESHOLDS)
    positives = np.zeros(len(entries), dtype=np.int64)
    scores, images, ranks = [], [], []
    matched = [np.zeros((thresholds, 0), dtype=bool)]
    ignored = [np.zeros((thresholds, 0), dtype=bool)]
    for number, entry in enumerate(entries):
        if entry is None:
            continue
        positives[number] = np.count_nonzero(np.asarray(entry["gtIgnore"]) == 0)
        count = len(entry["dtScores"])
        scores.extend(entry["dtScores"])
        images.extend([number] * count)
        ranks.extend(range(count))
        matched.append(entry["dtMatches"].reshape(thresholds, count) != 0)
        ignored.append(entry["dtIgnore"].reshape(thresholds, count) != 0)
    score = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-score, kind="mergesort")  # stable, as COCOeval.accumulate
    return Detections(
        score[order],
        np.asarray(images, dtype=np.int64)[order],
        np.asarray(ranks, dtype=np.int64)[order],
        np.concatenate(matched, axis=1)[:, order],
        np.concatenate(ignored, axis=1)[:, order],
        positives,
    )


def average_precision(detections: Detections) -> np.ndarray:
    """Average precision in percent at each of the ten IoU thresholds; NaN without annotations.

    COCO's: the mean over 101 recall levels of the greatest precision at that recall or above.
    """
    positives = detections.positives.sum()
    if positives == 0:
        return np.full(len(IOU_THRESHOLDS), np.nan)
    counted = ~detections.ignored
    tp = np.cumsum(detections.matched & counted, axis=1, dtype=np.float64)
    fp = np.cumsum(~detections.matched & counted, axis=1, dtype=np.float64)
    precision = tp / (tp + fp + np.spacing(1))
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    levels = np.zeros((len(IOU_THRESHOLDS), len(RECALL_LEVELS)))
    for threshold, recall in enumerate(tp / positives):
        place = np.searchsorted(recall, RECALL_LEVELS, side="left")
        reached = place < len(recall)
        levels[threshold, reached] = envelope[threshold, place[reached]]
    return 100.0 * levels.mean(axis=1)


def coco_metrics(matching: Matching, *, limit: int, floor: float = 0.0) -> dict[str, float]:
    """{ap, ap50, ap75, aps, apm, apl} in percent, averaged over categories.

    `limit` is the greatest number of detections per image, `floor` the lowest score that counts.
    """

    def of(area: str) -> np.ndarray:
        curves = np.array([average_precision(d.best(limit, floor)) for d in matching[area]])
        known = ~np.isnan(curves[:, 0])
        return curves[known].mean(axis=0) if known.any() else np.full(len(IOU_THRESHOLDS), np.nan)

    everything = of("all")
    at = {round(100 * threshold): number for number, threshold in enumerate(IOU_THRESHOLDS)}
    return {
        "ap": float(everything.mean()),
        "ap50": float(everything[at[50]]),
        "ap75": float(everything[at[75]]),
        "aps": float(of("small").mean()),
        "apm": float(of("medium").mean()),
        "apl": float(of("large").mean()),
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
