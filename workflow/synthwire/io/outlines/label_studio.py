"""Label Studio's JSON, whole and "min": polygons, rectangles, ellipses, brushes, bit masks."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.masks import encode_mask
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.geometry import parse_points, turned_box
from synthwire.io.outlines.pictures import mask_of_picture

# The field of a value that holds its classes, for each shape with an area.
SHAPES = {
    "polygonlabels": "polygon",
    "rectanglelabels": "rectangle",
    "ellipselabels": "ellipse",
    "brushlabels": "brush",
    "bitmasklabels": "bitmask",
    "vectorlabels": "vector",
}
_FILE = re.compile(r"\.\w+(?:\?.*)?$")  # how a text ends that names a file


def recognises(collector: Collector) -> bool:
    return bool(_tasks(collector.json))


def names(collector: Collector) -> list[str]:
    """The images of the tasks."""
    return [_name(task) for task in _tasks(collector.json)]


def read(collector: Collector) -> None:
    """Take in the results of the tasks whose images are among the pages."""
    tasks = _tasks(collector.json)
    for page, place in collector.pages_of(names(collector)):
        for number, result in enumerate(_results(collector, tasks[place])):
            _take(collector, page, f"{_name(tasks[place])}: result {number}", result)


def _tasks(data: Any) -> list[dict]:
    tasks = data if isinstance(data, list) else [data]
    good = all(isinstance(task, dict) for task in tasks)
    keys = ({"annotations", "completions", "result"}, {"data", "task"})
    if tasks and good and all(set(task) & keys[0] and set(task) & keys[1] for task in tasks):
        return tasks
    short = "annotator" in tasks[0] if tasks and good else False  # images without a region, too
    return tasks if short or (tasks and good and any(map(_short_results, tasks))) else []


def _short_results(task: Mapping) -> list[dict]:
    """The regions of a task in the short form, which has a list of them under a tag's name."""
    return [
        item
        for value in task.values()
        if isinstance(value, list)
        for item in value
        if isinstance(item, dict) and "original_width" in item
    ]


def _name(task: Mapping) -> str:
    data = task.get("data") or (task.get("task") or {}).get("data") or task
    texts = [value for value in data.values() if isinstance(value, str) and _FILE.search(value)]
    return str(data.get("image") or next(iter(texts), ""))


def _results(collector: Collector, task: Mapping) -> Sequence[Mapping]:
    """The results of one annotation that was not cancelled: the ground truth, or the first."""
    annotations = task.get("annotations", task.get("completions"))
    if not isinstance(annotations, list):
        return task["result"] if isinstance(task.get("result"), list) else _short_results(task)
    people = [item for item in annotations if isinstance(item, dict)]
    good = [item for item in people if not item.get("was_cancelled")]
    if not good:
        others = (
            ("drafts", "a draft that was not submitted"),
            ("predictions", "a model's predictions alone"),
        )
        there = [what for key, what in others if task.get(key)]
        what = "it was skipped" if people else next(iter(there), "not annotated yet")
        collector.remark(_name(task), f"{what}; nobody's annotations are there")
        return []
    best = max(good, key=lambda item: (item.get("ground_truth") is True, bool(item.get("result"))))
    if len(good) > 1:
        which = "the ground truth" if best.get("ground_truth") else "the first with outlines"
        which = "the first" if best is good[0] else which
        collector.remark(_name(task), f"{which} of {len(good)} people's annotations was taken")
    return best.get("result") or []


def _take(collector: Collector, page: int, where: str, result: Any) -> None:
    if not isinstance(result, dict):
        collector.leave_out(where, "no proper outline")
        return
    if result.get("item_index"):
        collector.leave_out(where, "of another image of the same task")
        return
    collector.require_shape(result.get("original_height"), result.get("original_width"), where)
    given = result.get("value")
    value: Mapping = given if isinstance(given, dict) else result
    kind = str(result.get("type") or next((key for key in SHAPES if key in value), ""))
    if kind in ("choices", "textarea", "labels", "relation", "rating"):
        return  # says something of the image, or of an outline that stands by itself
    classes = value.get(kind) or value.get("labels")
    label = str(classes[0]) if isinstance(classes, list) and classes else ""
    shape = SHAPES.get(kind, kind)
    turn = float(result.get("image_rotation") or 0)
    collector.take(page, where, partial(_mask, collector, shape, value, turn, where), label)


def _mask(collector: Collector, kind: str, value: Mapping, image_turn: float, where: str) -> dict:
    """RLE of one result, whose places are in percent of the image's sides."""
    height, width = collector.shape
    across, down = width / 100, height / 100
    if image_turn % 360:
        raise InputError(
            f"drawn on the image turned by {image_turn:g}°; turn it back and draw anew"
        )
    turn = math.radians(float(value.get("rotation") or 0))
    if kind == "polygon":
        points = parse_points(value["points"])
        return collector.mask_of_rings([points * (across, down)], where)
    if kind == "rectangle":
        x, y = float(value["x"]) * across, float(value["y"]) * down
        sides = float(value["width"]) * across, float(value["height"]) * down
        return collector.mask_of_rings([turned_box(x, y, *sides, turn, (x, y))], where)
    if kind == "ellipse":
        radii = float(value["radiusX"]) * across, float(value["radiusY"]) * down
        centre = float(value["x"]) * across, float(value["y"]) * down
        return collector.mask_of_oval(centre, radii, turn)
    if kind == "brush":
        return encode_mask(decode_brush(value["rle"], collector.shape))
    if kind == "bitmask":
        content = base64.b64decode(value["imageDataURL"].partition(",")[2], validate=True)
        return mask_of_picture(content, (0, 0), collector.shape)
    if kind == "vector" and value.get("closed"):
        points = parse_points([(point["x"], point["y"]) for point in value["vertices"]])
        return collector.mask_of_rings([points * (across, down)], where)
    raise InputError(f"a {kind or 'result without a type'} encloses nothing")


def decode_brush(code: Sequence[int], shape: tuple[int, int]) -> np.ndarray:
    """Boolean mask (height, width) of a brush's run-length code, whose bytes are `code`.

    The code is of bits: 32 for the count of values, 5 for a value's width less one, four times 4
    for the widths of a run's length less one; then runs, each a bit that says whether one value
    fills it, 2 bits for the width of its length, the length less one, and the value or values. The
    values are those of an RGBA picture; the mask is where its opacity is more than half.
    ValueError when the code ends early or is of another shape.
    """
    bits = np.unpackbits(np.asarray(code, dtype=np.uint8))
    place = 0

    def take(count: int) -> int:
        nonlocal place
        if place + count > len(bits):
            raise ValueError("the brush's code ends early")
        number = int("".join(map(str, bits[place : place + count])) or "0", 2)
        place += count
        return number

    total = take(32)
    if total != shape[0] * shape[1] * 4:
        raise ValueError(f"the brush's code is of {total} values, not of an image of this size")
    value_bits = take(5) + 1
    widths = [take(4) + 1 for _ in range(4)]
    values = np.zeros(total, dtype=np.int64)
    filled = 0
    while filled < total:
        same = take(1)
        length = min(take(widths[take(2)]) + 1, total - filled)
        if same:
            values[filled : filled + length] = take(value_bits)
        else:
            values[filled : filled + length] = [take(value_bits) for _ in range(length)]
        filled += length
    return values.reshape(*shape, 4)[..., 3] > 2 ** (value_bits - 1) - 1
