"""COCO JSON: makesense.ai, CVAT, pycocotools; polygons and both kinds of RLE."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.coco import annotations_by_image, read_coco
from synthwire.io.files import write_json
from synthwire.io.masks import decode_mask, encode_mask, segmentation_to_rle
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.geometry import crosses_itself, rings_of


def recognises(collector: Collector) -> bool:
    data = collector.json
    return isinstance(data, dict) and "images" in data and "annotations" in data


def read(collector: Collector) -> None:
    """Take in a COCO data set; annotations with iscrowd or confidence "low" become crowd."""
    data = read_coco(collector.path)
    by_id = {item["id"]: str(item.get("name", "")) for item in data["categories"]}
    groups = annotations_by_image(data)
    for page, image in _pages(collector, data["images"]):
        collector.require_shape(image.get("height"), image.get("width"), f"image {image['id']}")
        for item in groups[image["id"]]:
            where = f"annotation {item['id']}"
            attributes = item.get("attributes") or {}
            crowd = int(item.get("iscrowd") or 0)
            segmentation = item["segmentation"]
            if crowd and isinstance(segmentation, dict) and "occluded" in attributes:
                crowd = 0  # CVAT marks every mask that is no polygon so
            mask_of = _mask_of_polygons if isinstance(segmentation, list) else _mask_of_run_lengths
            rle = mask_of(collector, segmentation, where)
            crowd = int(crowd or attributes.get("confidence") == "low")
            collector.add(page, where, rle, by_id[item["category_id"]], crowd, attributes)


def _mask_of_run_lengths(collector: Collector, segmentation: dict, where: str) -> dict:
    try:
        rle = segmentation_to_rle(segmentation, *collector.shape)
        decode_mask(rle)  # notices a code that runs over the image
        return rle
    except InputError as error:
        raise collector.error(f"{where}: {error}") from None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise collector.error(f"{where}: no proper run-length code ({error})") from None


def _mask_of_polygons(collector: Collector, polygons: Sequence, where: str) -> dict:
    """COCO polygons as pycocotools fills them, but for those that need repair."""
    rles = []
    for polygon in polygons:
        points = np.asarray(polygon, dtype=float)
        if points.ndim != 1 or len(points) % 2 or len(points) < 6:
            raise collector.error(
                f"{where}: a polygon needs an even count of numbers, at least six"
            )
        points = points.reshape(-1, 2)
        height, width = collector.shape
        inside = (points >= 0).all() and (points <= (width, height)).all()
        if inside and not crosses_itself(points):
            rles.append(segmentation_to_rle([polygon], *collector.shape))
        else:
            rles.append(collector.mask_of_rings([points], where))
    if not rles:
        return encode_mask(np.zeros(collector.shape, dtype=bool))
    merged = coco_mask.merge(rles)
    return segmentation_to_rle(merged, *collector.shape)


def _pages(collector: Collector, images: Sequence[dict]) -> list[tuple[int, dict]]:
    """(page, COCO image) pairs: by "page" or order within one file, else by file name."""
    names = collector.names
    if len(images) == len(names) and len(set(names)) == 1:
        if all("page" in image for image in images):
            pages = [image["page"] for image in images]
            if sorted(pages) != list(range(len(names))):
                raise collector.error(f"images: 'page' must run from 0 to {len(names) - 1}")
            return list(zip(pages, images, strict=True))
        return list(enumerate(images))
    if len(set(names)) < len(names):
        raise collector.error(
            f"{len(images)} images are annotated, but {names[0]} has "
            f"{len(names)} pages; one entry under 'images' is expected for each page"
        )
    by_name = {Path(str(image.get("file_name", ""))).name: image for image in images}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise collector.error(
            f"no image with file_name '{missing[0]}'; what the file lists is "
            f"{', '.join(sorted(by_name)[:5])}"
        )
    return [(page, by_name[name]) for page, name in enumerate(names)]


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
            mask = decode_mask(item["segmentation"])
            if (ndimage.binary_fill_holes(mask) == mask).all():
                rings = [ring.ravel().tolist() for ring in rings_of(mask)]
                item = {**item, "segmentation": rings}
            annotations.append(item)
        data = {**data, "annotations": annotations}
    write_json(path, data)
