"""CVAT's XML ("CVAT for images 1.1"): polygons, boxes, ellipses, masks; lines have no area."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from xml.etree import ElementTree

import numpy as np

from synthwire.errors import InputError
from synthwire.io.masks import encode_mask
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.geometry import turned_box


def recognises(collector: Collector) -> bool:
    return collector.suffix == ".xml" and _root(collector).tag == "annotations"


def names(collector: Collector) -> list[str]:
    """The images that the file tells apart."""
    return [image.get("name", "") for image in _root(collector).findall("image")]


def read(collector: Collector) -> None:
    """Take in the shapes of the images that are among the pages; those of a group are one."""
    root = _root(collector)
    images = root.findall("image")
    if not images and root.find("track") is not None:
        raise collector.error("CVAT's XML for videos; export as COCO 1.0 or as CVAT for images 1.1")
    for page, place in collector.pages_of(names(collector)):
        image = images[place]
        name = image.get("name", "")
        collector.require_shape(image.get("height"), image.get("width"), name)
        groups: dict[str, list[tuple[str, ElementTree.Element]]] = {}
        for number, shape in enumerate(image, start=1):
            if shape.tag == "tag":
                continue  # of the image as a whole
            where = f"{name}: shape {number}"
            group = shape.get("group_id") or "0"
            key = where if group == "0" else f"{shape.get('label')} {group}"
            groups.setdefault(key, []).append((where, shape))
        for members in groups.values():
            label = members[0][1].get("label", "")
            collector.take_group(page, members, partial(_mask, collector), label)


def _mask(collector: Collector, shape: ElementTree.Element, where: str) -> dict:
    if shape.tag not in SHAPES:
        raise InputError(f"a {shape.tag} encloses nothing")
    return SHAPES[shape.tag](collector, shape, where)


def _root(collector: Collector) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(collector.content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise collector.error(f"not valid XML ({error})") from None


def _numbers(shape: ElementTree.Element, *fields: str) -> list[float]:
    return [float(shape.get(field, "nan")) for field in fields]


def _turn(shape: ElementTree.Element) -> float:
    return math.radians(float(shape.get("rotation") or 0))


def _mask_of_polygon(collector: Collector, shape: ElementTree.Element, where: str) -> dict:
    points = [pair.split(",") for pair in shape.get("points", "").split(";") if pair.strip()]
    if shape.tag == "polyline" and (len(points) < 4 or points[0] != points[-1]):
        raise InputError("a polyline encloses nothing; outline the particle by a polygon")
    return collector.mask_of_rings([np.array(points, dtype=float)], where)


def _mask_of_box(collector: Collector, shape: ElementTree.Element, where: str) -> dict:
    left, top, right, bottom = _numbers(shape, "xtl", "ytl", "xbr", "ybr")
    centre = (left + right) / 2, (top + bottom) / 2
    ring = turned_box(left, top, right - left, bottom - top, _turn(shape), centre)
    return collector.mask_of_rings([ring], where)


def _mask_of_ellipse(collector: Collector, shape: ElementTree.Element, where: str) -> dict:
    return collector.mask_of_oval(
        _numbers(shape, "cx", "cy"), _numbers(shape, "rx", "ry"), _turn(shape)
    )


def _mask_of_runs(collector: Collector, shape: ElementTree.Element, where: str) -> dict:
    """A mask within its box, as runs along its rows that begin with ground."""
    left, top, width, height = map(int, _numbers(shape, "left", "top", "width", "height"))
    runs = [int(run) for run in shape.get("rle", "").split(",")]
    if min(left, top, width, height, *runs) < 0 or sum(runs) != width * height:
        raise InputError(f"no proper run-length code of a box of {height} × {width}")
    rows, columns = collector.shape
    if top + height > rows or left + width > columns:
        raise InputError("no proper run-length code: its box reaches outside the image")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    mask = np.zeros(collector.shape, dtype=bool)
    mask[top : top + height, left : left + width] = flat.reshape(height, width)
    return encode_mask(mask)


SHAPES: dict[str, Callable[[Collector, ElementTree.Element, str], dict]] = {
    "polygon": _mask_of_polygon,
    "polyline": _mask_of_polygon,
    "box": _mask_of_box,
    "ellipse": _mask_of_ellipse,
    "mask": _mask_of_runs,
}
