"""JSON of the VGG Image Annotator (VIA), which makesense.ai writes too."""

from __future__ import annotations

from typing import Any

import numpy as np

from synthwire.io.outlines.collector import Collector


def recognises(collector: Collector) -> bool:
    return bool(_images(collector.json))


def read(collector: Collector) -> None:
    """Take in the regions of the images that are among the pages; those of others are left."""
    taken = False
    for image in _images(collector.json):
        name = image.get("filename", "")
        page = collector.page_of(name)
        if page is None:
            continue
        taken = True
        regions = image["regions"]
        regions = regions.items() if isinstance(regions, dict) else enumerate(regions)
        for key, region in regions:
            where = f"{name}: region {key}"
            shape = region.get("shape_attributes", {})
            attributes = region.get("region_attributes", {})
            label = next((str(value) for value in attributes.values() if value), "")
            try:
                mask = _mask(collector, shape, where)
            except (KeyError, TypeError, ValueError) as error:
                raise collector.error(f"{where}: no proper outline ({error})") from None
            if mask is not None:
                collector.add(page, where, mask, label)
    if not taken:
        raise collector.error(f"has no outlines for {collector.names[0]}")


def _mask(collector: Collector, shape: dict, where: str) -> dict | None:
    kind = shape.get("name")
    if kind in ("polygon", "polyline"):
        points = np.column_stack([shape["all_points_x"], shape["all_points_y"]])
        return collector.mask_of_rings([points], where)
    if kind == "rect":
        x, y = float(shape["x"]), float(shape["y"])
        right, bottom = x + float(shape["width"]), y + float(shape["height"])
        return collector.mask_of_box(x, y, right, bottom, where)
    if kind in ("circle", "ellipse"):
        rx, ry = (float(shape.get("r", shape.get(f"r{axis}", 0))) for axis in "xy")
        turn = float(shape.get("theta", 0.0))
        return collector.mask_of_oval(float(shape["cx"]), float(shape["cy"]), rx, ry, turn)
    collector.remark(where, f"a {kind} encloses nothing; left out")
    return None


def _images(data: Any) -> list[dict]:
    """The images of a VIA file, an annotation export or a whole project; none of another file."""
    images = data.get("_via_img_metadata", data) if isinstance(data, dict) else None
    if not isinstance(images, dict) or not images:
        return []
    values = list(images.values())
    good = all(isinstance(item, dict) and "regions" in item for item in values)
    return values if good else []
