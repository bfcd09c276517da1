"""VGG Image Annotator (VIA): JSON of versions 1 to 3 and CSV; makesense.ai writes its JSON, too."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.outlines.collector import Collector


def recognises(collector: Collector) -> bool:
    return bool(_images(collector))


def names(collector: Collector) -> list[str]:
    """The images that the file tells apart."""
    return [str(image.get("filename") or "") for image in _images(collector)]


def read(collector: Collector) -> None:
    """Take in the regions of the images that are among the pages; those of others are left."""
    images = _images(collector)
    for page, place in collector.pages_of(names(collector)):
        name, regions = names(collector)[place], images[place]["regions"]
        pairs = regions.items() if isinstance(regions, dict) else enumerate(regions)
        for key, region in pairs:
            _take(collector, page, f"{name}: region {key}", region)


def _take(collector: Collector, page: int, where: str, region: Any) -> None:
    rle, label = None, ""
    with collector.attempt(where):
        shape = _decoded(region.get("shape_attributes") or {})
        label = _label(_decoded(region.get("region_attributes") or {}))
        rle = _mask(collector, shape, where)
    if rle is not None:
        collector.add(page, where, rle, label)


def _decoded(value: Any) -> Any:
    """What stands as JSON in a field of the CSV, or the thing itself."""
    return json.loads(value) if isinstance(value, str) else value


def _label(attributes: Mapping) -> str:
    """The first attribute that says something; of boxes to tick the first that is ticked."""
    for value in attributes.values():
        if isinstance(value, dict):
            value = next((key for key, ticked in value.items() if ticked), "")
        if value:
            return str(value)
    return ""


def _mask(collector: Collector, shape: Mapping, where: str) -> dict:
    """RLE of one region; InputError where it has no area."""
    kind = shape.get("name")
    if kind in ("polygon", "polyline"):
        xs, ys = shape["all_points_x"], shape["all_points_y"]
        if len(xs) != len(ys):
            raise InputError(f"a {kind} of {len(xs)} places across and {len(ys)} down")
        points = np.column_stack([xs, ys]).astype(float)
        if kind == "polyline" and (points[0] != points[-1]).any():
            raise InputError("a polyline encloses nothing; outline the particle by a polygon")
        return collector.mask_of_rings([points], where)
    if kind == "rect":
        corner = np.array([float(shape["x"]), float(shape["y"])])
        sides = float(shape["width"]), float(shape["height"])
        return collector.mask_of_box(corner, corner + sides, where)
    if kind in ("circle", "ellipse"):
        radii = [float(shape.get("r", shape.get(f"r{axis}", 0))) for axis in "xy"]
        turn = float(shape.get("theta", 0.0))
        return collector.mask_of_oval([float(shape["cx"]), float(shape["cy"])], radii, turn)
    raise InputError(f"a {kind} encloses nothing" if kind else "a region without a shape")


def _images(collector: Collector) -> list[dict]:
    """The images of a VIA file, an annotation export or a whole project; none of another file."""
    if collector.suffix == ".csv":
        return _images_of_table(collector.rows())
    data = collector.json
    if isinstance(data, dict) and {"file", "view", "metadata"} <= set(data):
        return _images_of_version_3(data)
    images = data.get("_via_img_metadata", data) if isinstance(data, dict) else None
    if not isinstance(images, dict) or not images:
        return []
    values = list(images.values())
    good = all(isinstance(item, dict) and "regions" in item for item in values)
    return values if good else []


def _images_of_version_3(data: Mapping) -> list[dict]:
    """The images of a project of VIA 3, whose regions are numbers: a kind, and its places."""
    files, views, regions = ({**data[key]} for key in ("file", "view", "metadata"))
    images = {
        str(view): {"filename": files[str(content["fid_list"][0])]["fname"], "regions": {}}
        for view, content in views.items()
        if content["fid_list"]
    }
    for key, region in regions.items():
        view = str(region["vid"])
        if view in images and region["xy"]:  # without places it is of the image as a whole
            shape = _shape_of_numbers(region["xy"])
            images[view]["regions"][key] = {"shape_attributes": shape, "region_attributes": {}}
    return list(images.values())


def _shape_of_numbers(numbers: Sequence[float]) -> dict:
    """A region of VIA 3 as version 2 has it."""
    kinds = {2: "rect", 3: "circle", 4: "ellipse", 5: "line", 6: "polyline", 7: "polygon"}
    kind, places = kinds.get(int(numbers[0]), "point"), numbers[1:]
    fields = {
        "rect": ("x", "y", "width", "height"),
        "circle": ("cx", "cy", "r"),
        "ellipse": ("cx", "cy", "rx", "ry"),
    }
    if kind in fields:
        return {"name": kind, **dict(zip(fields[kind], places, strict=False))}
    return {"name": kind, "all_points_x": places[::2], "all_points_y": places[1::2]}


def _images_of_table(rows: csv.DictReader) -> list[dict]:
    """The same from the table, which has a row for each region, and one for an image without."""
    fields = [str(field).strip().lstrip("#") for field in rows.fieldnames or ()]
    if not {"filename", "region_shape_attributes"} <= set(fields):
        return []
    rows.fieldnames = fields
    found: dict[str, dict] = {}
    for row in _whole(rows):
        image = found.setdefault(row["filename"], {"filename": row["filename"], "regions": []})
        if (row["region_shape_attributes"] or "{}") != "{}":
            image["regions"].append(
                {
                    "shape_attributes": row["region_shape_attributes"],
                    "region_attributes": row.get("region_attributes") or "{}",
                }
            )
    return list(found.values())


def _whole(rows: Iterable[dict]) -> list[dict]:
    return [row for row in rows if row["filename"]]
