"""COCO JSON: makesense.ai, CVAT, pycocotools; polygons and both kinds of RLE, results lists.

Read as tools write it: ids may be text, missing or twice, categories may be missing, rings may be
nested in any way. What of an annotation makes no outline leaves that one out.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.files import Source, as_source, write_json
from synthwire.io.masks import (
    decode_crop,
    decode_mask,
    mask_areas,
    run_lengths,
    segmentation_to_rle,
    shares_within,
)
from synthwire.io.outlines.collector import WITHIN, Collector, require_pixels
from synthwire.io.outlines.geometry import crosses_itself, parse_rings, rings_of, turned_box
from synthwire.io.outlines.pairing import listed

FIELDS = ("height", "width", "page", "pixel_size_nm")  # of an image, where the file has them
ELSEWHERE = 0.3  # IoU of two boxes; that of a thin wire is about a half when rounding moves a side


def recognises(collector: Collector) -> bool:
    data = collector.json
    if isinstance(data, dict):
        return isinstance(data.get("annotations"), list) and isinstance(data.get("images"), list)
    return bool(data) and isinstance(data, list) and all(map(_is_result, data))


def _is_result(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and "image_id" in item
        and not {"bbox", "segmentation"}.isdisjoint(item)
    )


def names(collector: Collector) -> list[str]:
    """The images that the file tells apart."""
    return [image["file_name"] for image in _images(collector)]


def images_of(path: Source) -> list[dict]:
    """What a COCO file says of its images: file_name and `FIELDS`; none of any other file.

    InputError when its JSON is damaged.
    """
    collector = Collector(as_source(path), [], (0, 0), ())
    known = isinstance(collector.json, dict) and recognises(collector)
    return _images(collector) if known else []


def read(collector: Collector) -> None:
    """Take in a COCO data set; annotations with iscrowd or confidence "low" become crowd."""
    data = collector.json if isinstance(collector.json, dict) else {"annotations": collector.json}
    images = _images(collector)
    places = collector.pages_of([image["file_name"] for image in images], "image with file_name")
    keys = [image["key"] for image in images]
    twice = [keys[place] for _, place in places if keys.count(keys[place]) > 1]
    if twice:
        raise collector.error(f"images: id {twice[0]} stands twice; each image needs its own")
    page_of = {images[place]["key"]: page for page, place in _by_page(collector, places, images)}
    for _, place in places:
        image = images[place]
        collector.require_shape(image["height"], image["width"], f"image {image['key']}")
    annotations = [item for item in data["annotations"] if isinstance(item, dict)]
    wheres = _wheres(collector, annotations)
    classes = _classes(collector, data.get("categories"), annotations)
    homeless, elsewhere = [], []  # the latter by their boxes
    for where, item, name in zip(wheres, annotations, classes, strict=True):
        key = (
            keys[0]
            if item.get("image_id") is None and len(keys) == 1
            else _key(item.get("image_id"))
        )
        if key not in keys:
            homeless.append(key)
        elif key in page_of:
            rle = _take(collector, page_of[key], where, item, name)
            if rle is not None and _is_elsewhere(rle, item.get("bbox")):
                elsewhere.append(tuple(item["bbox"]))
    if homeless:
        say = collector.remark if len(homeless) < len(annotations) else collector.leave_out
        what = f"of images that the file does not list ({listed(homeless)})"
        say(f"{len(homeless)} of {len(annotations)} annotations", what)
    if len(set(elsewhere)) > 1:  # else the box is no outline's, but a filler
        what = "their boxes lie elsewhere; do runs go down the columns, is x written before y?"
        collector.remark(f"{len(elsewhere)} of {len(annotations)} outlines", what)
    scores = [item["score"] for item in annotations if isinstance(item.get("score"), int | float)]
    scores = [score for score in scores if np.isfinite(score)]
    if scores:
        collector.remark(
            "scores",
            f"a program's findings, not drawn by hand; all taken, from score {min(scores):.2g}",
        )


def _key(identity: Any) -> str:
    """An id as text: 1, 1.0 and "1" are the same."""
    text = str(identity).strip()
    if re.fullmatch(r"\d+", text):
        return str(int(text))  # exact, where a float is not from 2**53 on
    try:
        number = float(text)
        return str(int(number)) if number.is_integer() else text
    except (ValueError, OverflowError):
        return text


def _images(collector: Collector) -> list[dict]:
    """key, file_name and `FIELDS` of each image; of a results list its image ids."""
    data = collector.json
    if isinstance(data, list):
        keys = dict.fromkeys(_key(item["image_id"]) for item in data)
        return [{"key": key, "file_name": key, **dict.fromkeys(FIELDS)} for key in keys]
    images = [image for image in data["images"] if isinstance(image, dict)]
    found: dict[tuple[str, str], dict] = {}
    for number, image in enumerate(images, start=1):
        names = (image.get(key) for key in ("file_name", "filename", "path", "coco_url"))
        name, path = next((str(name) for name in names if name), ""), image.get("path")
        if isinstance(path, str) and path.replace("\\", "/").endswith(name.replace("\\", "/")):
            name = path  # coco-annotator's, which tells equal names apart
        extra = image.get("extra")
        if isinstance(extra, dict) and isinstance(extra.get("name"), str):
            name = extra["name"]  # Roboflow's, of the file that was uploaded
        identity = image.get("id")
        key = _key(number if identity is None else identity)
        entry = {
            "key": key,
            "file_name": name,
            **{field: image.get(field) for field in FIELDS},
        }
        found.setdefault((key, name), entry)  # joined sets may list an image twice
    return list(found.values())


def _by_page(
    collector: Collector, places: Sequence[tuple[int, int]], images: Sequence[Mapping]
) -> list[tuple[int, int]]:
    """The same pairs, but by the field "page" where all images of one stack have it."""
    numbers = [images[place]["page"] for _, place in places]
    if len(set(collector.names)) > 1 or len(numbers) < 2 or None in numbers:
        return list(places)
    if sorted(map(_key, numbers)) != sorted(map(str, range(len(numbers)))):
        raise collector.error(f"images: 'page' must run from 0 to {len(numbers) - 1}")
    return [(int(_key(page)), place) for page, (_, place) in zip(numbers, places, strict=True)]


def _wheres(collector: Collector, annotations: Sequence[Mapping]) -> list[str]:
    """How each annotation is called in remarks; says where ids are missing or equal."""
    identities = [item.get("id") for item in annotations]
    known = [_key(identity) for identity in identities if identity is not None]
    if len(set(known)) == len(annotations):
        return [f"annotation {key}" for key in known]
    if "score" not in (annotations[0] if annotations else {}):  # results lists have none
        collector.remark("ids", "missing or equal among the annotations; numbered in their order")
    return [f"annotation number {number}" for number in range(1, len(annotations) + 1)]


def _classes(collector: Collector, categories: Any, annotations: Sequence[Mapping]) -> list[str]:
    """The class name of each annotation; none, with a remark, where the file has no name for it."""
    by_key = {
        _key(item.get("id")): str(item.get("name") or "")
        for item in (categories if isinstance(categories, list) else [])
        if isinstance(item, dict)
    }
    keys = [_key(item.get("category_id")) for item in annotations]
    unknown = sorted({key for key in keys if key not in by_key})
    if unknown:
        what = "has no name in the file" if by_key else "is there, but the file has no categories"
        collector.remark(f"category {', '.join(unknown[:5])}", f"{what}; taken as the only class")
    return [by_key.get(key, "") for key in keys]


def _is_elsewhere(rle: dict, box: Any) -> bool:
    """Whether an outline is not where the box given with it says, as a code along rows is not."""
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(isinstance(x, int | float) for x in box)
    ):
        return False
    return (
        box[2] * box[3] > 0
        and float(coco_mask.iou([coco_mask.toBbox(rle)], [box], [0])[0, 0]) < ELSEWHERE
    )


def _take(collector: Collector, page: int, where: str, item: Mapping, name: str) -> dict | None:
    """Take in an annotation; its RLE, or None where it makes none."""
    given = item.get("attributes")
    attributes: Mapping = given if isinstance(given, dict) else {}
    segmentation = item.get("segmentation")
    crowd = item.get("iscrowd") in (1, True, "1")
    if crowd and isinstance(segmentation, dict) and "occluded" in attributes:
        crowd = False  # CVAT marks every mask that is no polygon so
    rle = None
    with collector.attempt(where):
        if isinstance(segmentation, str | dict):
            rle = _mask_of_run_lengths(collector, segmentation, where)
        elif isinstance(segmentation, list) and _are_run_lengths(segmentation):
            codes = [_mask_of_run_lengths(collector, part, where) for part in segmentation]
            rle = collector.merge(codes)
        elif segmentation and segmentation != [[]]:  # which stands beside a box alone
            rle = _mask_of_polygons(collector, parse_rings(segmentation), item.get("area"), where)
        else:
            turn = math.radians(float(attributes.get("rotation") or 0))
            rle = _mask_of_box(collector, item.get("bbox"), turn, where)
    if rle is not None:
        low = attributes.get("confidence") == "low"
        collector.add(page, where, rle, name, int(crowd or low), attributes)
    return rle


def _mask_of_box(collector: Collector, box: Any, turn: float, where: str) -> dict:
    """What there is where an annotation has a box alone; turn: clockwise, as CVAT has it."""
    if not isinstance(box, list | tuple) or len(box) != 4:
        raise InputError("neither a segmentation nor a box")
    x, y, width, height = (float(side) for side in box)
    if not (width > 0 and height > 0):
        raise InputError("no segmentation, and a box without an area")
    collector.remark(where, "a box alone; taken as a rectangle")
    centre = x + width / 2, y + height / 2
    return collector.mask_of_rings([turned_box(x, y, width, height, turn, centre)], where)


def _are_run_lengths(parts: list) -> bool:
    return bool(parts) and all(isinstance(part, dict) and "counts" in part for part in parts)


def _mask_of_run_lengths(collector: Collector, segmentation: dict | str, where: str) -> dict:
    if isinstance(segmentation, str):
        segmentation = {"size": list(collector.shape), "counts": segmentation}
    size = [int(side) for side in segmentation.get("size") or collector.shape]
    counts = segmentation["counts"]
    if isinstance(counts, list):
        counts = _whole_counts(collector, counts, size, where)
    elif (pixels := int(run_lengths(counts).sum())) != size[0] * size[1]:
        raise InputError(f"no proper run-length code: it is of {pixels} px; is it cut off?")
    rle = segmentation_to_rle({"size": size, "counts": counts}, *collector.shape)
    decode_mask(rle)  # notices what else is wrong with a code
    return rle


def _whole_counts(collector: Collector, counts: list, size: Sequence[int], where: str) -> list[int]:
    """Run lengths that fill the image: ground at their end is cut off or filled up, and said so."""
    numbers = [float(count) for count in counts]
    if any(count < 0 or not count.is_integer() for count in numbers):
        raise InputError("no proper run-length code: runs are whole numbers from 0")
    whole = [int(count) for count in numbers]
    excess = sum(whole) - size[0] * size[1]
    if excess > 0 and len(whole) % 2 and whole[-1] >= excess:
        whole[-1] -= excess
        collector.remark(where, f"run lengths {excess} px too long; the ground at the end was cut")
    elif excess < 0:
        whole += [0] * (len(whole) % 2 == 0)
        whole[-1] -= excess
        collector.remark(where, f"run lengths {-excess} px too short; the rest taken as ground")
    elif excess > 0:
        raise InputError(f"no proper run-length code: it runs {excess} px over the image")
    return whole


def _mask_of_polygons(
    collector: Collector, rings: Sequence[np.ndarray], area: Any, where: str
) -> dict:
    """COCO polygons, united, as pycocotools fills them, but for those that need repair.

    COCO has no holes, yet programs write them as polygons within others: taken so where the
    annotation's `area` says that they are.
    """
    height, width = collector.shape
    good = [ring for ring in rings if len(ring) >= 3 and np.isfinite(ring).all()]
    if not good:
        raise InputError("a polygon needs an even count of numbers, at least six")
    require_pixels(good)
    if len(good) < len(rings):
        count = len(rings) - len(good)
        collector.remark(
            where, f"{count} of {len(rings)} polygons left out: too short, or no numbers"
        )
    rles = []
    for points in good:
        inside = (points >= 0).all() and (points <= (width, height)).all()
        if inside and not crosses_itself(points):
            rles.append(segmentation_to_rle([points.ravel().tolist()], *collector.shape))
        else:
            rles.append(collector.mask_of_rings([points], where))
    united = segmentation_to_rle(coco_mask.merge(rles), *collector.shape)
    if len(good) == 1:
        return united
    holed = collector.mask_of_rings(good, where)
    without, whole = mask_areas([holed, united])
    nested = (shares_within(rles) > WITHIN).sum() > len(rles)  # each lies within itself
    if whole - without < 0.02 * whole and not nested:  # apart, but for shared borders
        return united
    if isinstance(area, int | float) and 3 * abs(area - without) < abs(area - whole):
        collector.remark(where, "a polygon within another one; a hole, as the area given says")
        return holed
    collector.remark(where, "polygons that overlap; all within them was taken")
    return united


def write_coco(
    path: str | os.PathLike,
    data: dict,
    *,
    polygons: bool = False,
) -> None:
    """Write a COCO data set, atomically; masks as compressed RLE, which is exact.

    With `polygons` masks without holes are written as polygons, for tools that read no RLE; those
    with holes remain RLE.
    """
    if polygons:
        annotations = []
        for item in data["annotations"]:
            mask, top, left = decode_crop(item["segmentation"])
            if (ndimage.binary_fill_holes(mask) == mask).all():
                rings = [ring.ravel().tolist() for ring in rings_of(mask, top, left)]
                item = {**item, "segmentation": rings}
            annotations.append(item)
        data = {**data, "annotations": annotations}
    write_json(path, data)
