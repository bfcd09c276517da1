"""Supervisely's JSON, one file an image: polygons, rectangles, bitmaps."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.geometry import parse_points
from synthwire.io.outlines.pictures import mask_of_picture

_PNG = b"\x89PNG"
_HEADROOM = 2**16  # bytes that a PNG may have beyond those of its pixels


def recognises(collector: Collector) -> bool:
    data = collector.json
    return (
        isinstance(data, dict)
        and isinstance(data.get("objects"), list)
        and isinstance(data.get("size"), dict)
        and "frames" not in data  # of a video, whose objects have their shapes there
    )


def read(collector: Collector) -> None:
    """Take in the objects of one image; those of one instance are one particle."""
    data = collector.json
    collector.require_shape(data["size"].get("height"), data["size"].get("width"), "the image")
    instances: dict[Any, list[tuple[str, Mapping]]] = {}
    for number, item in enumerate(data["objects"]):
        where = f"object {number}"
        if not isinstance(item, dict):
            collector.leave_out(where, "no proper outline")
            continue
        key = (
            (str(item.get("classTitle")), str(item["instance"])) if item.get("instance") else number
        )
        instances.setdefault(key, []).append((where, item))
    for members in instances.values():
        label = str(members[0][1].get("classTitle") or "")
        for page in range(len(collector.names)):
            collector.take_group(page, members, partial(_mask, collector), label)


def _mask(collector: Collector, item: Mapping, where: str) -> dict:
    """RLE of one object; InputError where it has no area.

    Whole numbers count pixels, as all that goes through Supervisely's library does: a corner of a
    polygon is a pixel's centre, and a rectangle's last pixel is within it. Others are places.
    """
    kind = item.get("geometryType")
    if kind == "bitmap":
        content = _unpacked(
            base64.b64decode(item["bitmap"]["data"], validate=True), collector.shape
        )
        return mask_of_picture(content, item["bitmap"]["origin"], collector.shape)
    if kind not in ("polygon", "rectangle"):
        raise InputError(f"a {kind} encloses nothing" if kind else "an object without a shape")
    rings = [
        parse_points(ring)
        for ring in (item["points"]["exterior"], *(item["points"].get("interior") or ()))
    ]
    whole = all((points == np.floor(points)).all() for points in rings)
    if kind == "rectangle":
        corners = rings[0]
        return collector.mask_of_box(corners.min(axis=0), corners.max(axis=0) + whole, where)
    return collector.mask_of_rings([points + 0.5 * whole for points in rings], where)


def _unpacked(content: bytes, shape: tuple[int, int]) -> bytes:
    """A PNG from what zlib made of it; InputError where it is larger than one of the image."""
    if content.startswith(_PNG):
        return content
    most = 4 * shape[0] * (shape[1] + 1) + _HEADROOM  # four bytes a pixel, one a row
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(content, most)
    except zlib.error as error:
        raise InputError(f"its bitmap cannot be unpacked ({error})") from None
    if unpacking.unconsumed_tail:
        raise InputError("its bitmap unpacks to more than the image")
    return unpacked
