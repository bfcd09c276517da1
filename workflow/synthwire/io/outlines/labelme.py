"""LabelMe JSON."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from synthwire.io.masks import encode_mask, segmentation_to_rle
from synthwire.io.outlines.collector import Collector


def recognises(collector: Collector) -> bool:
    data = collector.json
    return isinstance(data, dict) and isinstance(data.get("shapes"), list)


def read(collector: Collector) -> None:
    """Take in the shapes of one image; those of one label and group are one particle."""
    data = collector.json
    collector.require_shape(data.get("imageHeight"), data.get("imageWidth"), "the image")
    page = collector.page_of(data.get("imagePath", ""))
    if page is None:
        raise collector.error(f"is for {data.get('imagePath')}, none of these images")
    groups: dict = {}
    for number, shape in enumerate(data["shapes"]):
        group = shape.get("group_id")
        key = number if group is None else (shape.get("label"), group)
        groups.setdefault(key, []).append((f"shape {number}", shape))
    for members in groups.values():
        masks = []
        for where, shape in members:
            try:
                rle = _mask(collector, shape, where)
            except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
                raise collector.error(f"{where}: no proper outline ({error})") from None
            if rle is not None:
                masks.append(rle)
        if masks:
            merged = segmentation_to_rle(coco_mask.merge(masks), *collector.shape)
            collector.add(page, members[0][0], merged, str(members[0][1].get("label", "")))


def _mask(collector: Collector, shape: dict, where: str) -> dict | None:
    kind = shape.get("shape_type", "polygon")
    points = np.asarray(shape["points"], dtype=float).reshape(-1, 2)
    if kind == "polygon":
        return collector.mask_of_rings([points], where)
    if kind == "rectangle":
        (x, y), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return collector.mask_of_box(x, y, right, bottom, where)
    if kind == "circle":
        radius = float(np.hypot(*(points[1] - points[0])))
        x, y = points[0]
        return collector.mask_of_oval(x, y, radius, radius)
    if kind == "mask":
        content = base64.b64decode(shape["mask"], validate=True)
        part = np.array(Image.open(io.BytesIO(content), formats=("PNG",))) > 0
        left, top = (int(value) for value in points[0])
        mask = np.zeros(collector.shape, dtype=bool)
        place = mask[top : top + part.shape[0], left : left + part.shape[1]]
        place |= part[: place.shape[0], : place.shape[1]]
        return encode_mask(mask)
    collector.remark(where, f"a {kind} encloses nothing; left out")
    return None
