"""Annotations and detections side by side, checked, with their overlaps and resampling units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.errors import InputError
from synthwire.io.masks import decode_crops, segmentation_to_rle

MINIMUM_SCORE = 0.05  # Detectron2's SCORE_THRESH_TEST; predictions below do not count
KINDS = ("bbox", "segm")
CARRY_IOU = 0.1  # from this overlap on a detection is resampled with an annotation


def check_inputs(ground_truth: dict, predictions: list) -> tuple[dict, list[dict]]:
    """Own copies of both, with RLE masks, boxes and areas of the masks, ids from 1, scores ≥ 0.05.

    Ids are given anew since COCOeval takes an annotation with id 0 for "not matched". InputError
    names the prediction that does not fit the data set.
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
    results: list[dict] = []
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


class Units(NamedTuple):
    """What a bootstrap draws: whole images, or square blocks of the images."""

    kind: str  # "image" or "block"
    number: int
    first: list[int]  # of each image: its first unit
    grid: list[tuple[int, int]]  # of each image: blocks down, across
    sizes: list[tuple[int, int]]  # of each image: height, width


def _resampling_units(truth: dict, settings: Mapping) -> Units:
    """Images where `bootstrap_images` asks for no more than there are, else blocks of about
    `bootstrap_block_px`.
    """
    sizes = [(image["height"], image["width"]) for image in truth["images"]]
    if "bootstrap_images" not in settings or len(sizes) >= settings["bootstrap_images"]:
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


def count_in_units(
    classes: np.ndarray, number: int, units: int, owners: np.ndarray | int
) -> np.ndarray:
    """How often each class 0…number−1 stands in each unit: (units, number).

    `owners` is the unit of each pixel, or of the whole image.
    """
    places = (owners * number + classes.astype(np.int64)).ravel()
    return np.bincount(places, minlength=units * number).reshape(units, number).astype(float)


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
    found = decode_crops(item["segmentation"] for item in items)
    return [Crop(crop.pixels.copy(), crop.place) for crop in found]


@dataclass(frozen=True)
class Case:
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
    def image_numbers(self) -> dict[int, int]:
        """Place of each image id in the list of images."""
        return {image["id"]: number for number, image in enumerate(self.truth["images"])}

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


def make_case(truth: dict, results: list[dict], settings: Mapping) -> Case:
    """The case of what `check_inputs` returned; settings: the config's `evaluation`."""
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
    return Case(
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
