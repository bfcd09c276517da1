"""YOLO's text: a line each particle, a class number and a polygon or a box in parts of the image.

Names of the classes come from data.yaml, classes.txt or obj.names beside the file, or above it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import yaml

from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.outlines.collector import Collector
from synthwire.io.units import decode

NAMES_OF_CLASSES = ("data.yaml", "dataset.yaml", "classes.txt", "obj.names", "labels.txt")
FOLDERS_ABOVE = 2  # labels/train/a.txt is named by the data.yaml above labels
BEYOND = 1.05  # a polygon may reach a little outside; what is farther out is no part of the image


def recognises(collector: Collector) -> bool:
    """Lines of five numbers or more, half of them at least; or no line at all."""
    if collector.suffix != ".txt" or Path(collector.path.name).name in NAMES_OF_CLASSES:
        return False
    rows = _rows(collector)
    return 2 * sum(bool(row) for _, row in rows) >= len(rows)


def read(collector: Collector) -> None:
    """Take in the polygons, and the boxes where a line has four numbers alone."""
    if len(collector.names) > 1:
        raise collector.error("YOLO's text is of one image; one file is expected for each")
    classes = _classes(collector)
    rows, boxes = _rows(collector), 0
    pose = _has_key_points(collector) or _are_poses([row[1:] for _, row in rows if row])
    for where, row in rows:
        if not row:
            collector.leave_out(where, "neither a class and a polygon, nor a class and a box")
            continue
        kind, places = int(row[0]), np.array(row[1 : 5 if pose else None])
        boxes += len(places) in (4, 5)
        label = classes.get(kind, str(kind))
        if len(collector.classes) > 1 and not classes and kind < len(collector.classes):
            label = collector.classes[kind]
        collector.take(0, where, partial(_mask, collector, places, where), label)
    if boxes:
        collector.remark(f"{boxes} lines", "boxes alone; taken as rectangles")


def _rows(collector: Collector) -> list[tuple[str, list[float]]]:
    """Where each line stands, and its numbers; none where it is no outline's."""
    lines = enumerate(collector.text.splitlines(), start=1)
    return [(f"line {number}", _numbers(line)) for number, line in lines if line.strip()]


def _numbers(line: str) -> list[float]:
    try:
        row = [float(number) for number in line.split()]
    except ValueError:
        return []
    return row if len(row) >= 5 and row[0] >= 0 and row[0].is_integer() else []


def _are_poses(lines: list[list[float]]) -> bool:
    """Whether all lines are a box and key points, each a place and 0, 1 or 2, as it is seen."""
    seen = [line[6::3] for line in lines if len(line) > 4 and (len(line) - 4) % 3 == 0]
    one_kind = len({len(line) for line in lines}) == 1
    return bool(seen) and one_kind and all({*flags} <= {0, 1, 2} for flags in seen)


def _mask(collector: Collector, places: np.ndarray, where: str) -> dict:
    """RLE of one line's places; an odd number of them ends with a program's score."""
    height, width = collector.shape
    if len(places) % 2:
        places = places[:-1]
        collector.remark(where, "ends with a score; a program's finding, not drawn by hand")
    if not (abs(places) <= BEYOND).all():
        raise ValueError("places must be parts of the image's width and height, from 0 to 1")
    points = places.reshape(-1, 2) * (width, height)
    if len(points) == 2:  # a box: its centre and its sides
        return collector.mask_of_box(points[0] - points[1] / 2, points[0] + points[1] / 2, where)
    return collector.mask_of_rings([points], where)


def _classes(collector: Collector) -> dict[int, str]:
    """Names of the classes by their numbers; none where no file says them."""
    for file in _files_of_names(collector):
        text = _text(file)
        if file.suffix not in (".yaml", ".yml"):
            return dict(enumerate(line.strip() for line in text.splitlines() if line.strip()))
        try:
            names = yaml.safe_load(text)["names"]
            pairs = names.items() if isinstance(names, dict) else enumerate(names)
            return {int(number): str(name) for number, name in pairs}
        except (yaml.YAMLError, LookupError, TypeError, ValueError):
            collector.remark(str(file), "names no classes as YOLO's data.yaml does")
    return {}


def _has_key_points(collector: Collector) -> bool:
    """Whether a data.yaml says that lines are a box and key points."""
    settings = [file for file in _files_of_names(collector) if file.suffix in (".yaml", ".yml")]
    return any("kpt_shape" in _text(file) for file in settings)


def _text(file: Path | MemoryFile) -> str:
    with open_binary(file) as opened:
        return decode(opened.read())


def _files_of_names(collector: Collector) -> list[Path | MemoryFile]:
    path = collector.path
    if isinstance(path, MemoryFile):
        inner = {Path(name).name: file for name, file in collector.beside.items()}
        return [inner[name] for name in NAMES_OF_CLASSES if name in inner]
    folders = [path.parent, *path.resolve().parents[1 : 1 + FOLDERS_ABOVE]]
    files = [folder / name for folder in folders for name in NAMES_OF_CLASSES]
    return [file for file in files if file.is_file()]
