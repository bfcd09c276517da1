"""LabelMe JSON, and that of programs that write the same (AnyLabeling, X-AnyLabeling)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.geometry import parse_points
from synthwire.io.outlines.pictures import mask_of_picture

NO_GROUP = ("None", "", "nan")
LINES = ("line", "linestrip", "point", "points")
RINGS = ("polygon", "rectangle", "oriented_rectangle", "rotation", "quadrilateral")


def recognises(collector: Collector) -> bool:
    data = collector.json
    return isinstance(data, dict) and isinstance(data.get("shapes"), list)


def names(collector: Collector) -> list[str]:
    """The image that the file is for."""
    return [str(collector.json.get("imagePath") or "")]


def read(collector: Collector) -> None:
    """Take in the shapes of one image; those of one label and group are one particle."""
    data = collector.json
    collector.require_shape(data.get("imageHeight"), data.get("imageWidth"), "the image")
    for page, _ in collector.pages_of(names(collector), "shapes of"):
        _read_shapes(collector, page, data["shapes"])


def _read_shapes(collector: Collector, page: int, shapes: list) -> None:
    groups: dict[Any, list[tuple[str, Mapping]]] = {}
    for number, shape in enumerate(shapes):
        where = f"shape {number}"
        if not isinstance(shape, dict):
            collector.leave_out(where, "no proper outline")
            continue
        group = str(shape.get("group_id"))  # converters write no group as "" or NaN, too
        key = number if group in NO_GROUP else (str(shape.get("label")), group)
        groups.setdefault(key, []).append((where, shape))
    for members in groups.values():
        label = str(members[0][1].get("label") or "")
        collector.take_group(page, members, partial(_mask, collector), label)


def _mask(collector: Collector, shape: Mapping, where: str) -> dict:
    """RLE of one shape; InputError where it has no area."""
    kind = shape.get("shape_type") or "polygon"
    points = parse_points(shape["points"])
    if kind == "rectangle" and len(points) >= 2:
        return collector.mask_of_box(points.min(axis=0), points.max(axis=0), where)
    if kind == "circle":
        if len(points) < 2:
            raise InputError("a circle needs its centre and a point on it")
        radius = float(np.hypot(*(points[1] - points[0])))
        return collector.mask_of_oval(points[0], (radius, radius))
    if kind == "mask":
        content = base64.b64decode(shape["mask"], validate=True)
        return mask_of_picture(content, points[0], collector.shape)
    if kind == "oriented_rectangle" and len(points) == 3:  # the fourth corner follows
        points = np.vstack([points, points[0] + points[2] - points[1]])
    closed = kind in LINES and len(points) > 3 and (points[0] == points[-1]).all()
    if kind not in RINGS and not closed:
        raise InputError(f"a {kind} encloses nothing; outline the particle by a polygon")
    return collector.mask_of_rings([points], where)
