"""napari's shapes as CSV: polygons, rectangles, ellipses; lines and paths have no area."""

from __future__ import annotations

import numpy as np

from synthwire.errors import InputError
from synthwire.io.outlines.collector import Collector

# napari counts from the centre of the first pixel, our places from its corner. A hair less, so that
# of two sides through pixels' centres one takes them in: areas are then as drawn.
FIRST_CENTRE = 0.5 - 1e-6
FIELDS = {"index", "shape-type", "vertex-index"}


def recognises(collector: Collector) -> bool:
    return collector.suffix == ".csv" and set(collector.rows().fieldnames or ()) >= FIELDS


def read(collector: Collector) -> None:
    """Take in the shapes; of three axes the first one counts the pages."""
    rows = collector.rows()
    axes = sorted(
        (str(field) for field in rows.fieldnames or () if str(field).startswith("axis-")),
        key=lambda field: int(field.removeprefix("axis-")),
    )
    if len(axes) not in (2, 3):
        raise collector.error(f"shapes of {len(axes)} axes; two are expected, or three of a stack")
    shapes: dict[str, tuple[str, list[list[str]]]] = {}
    for row in sorted(rows, key=_place):
        shape = shapes.setdefault(str(row["index"]), (str(row["shape-type"]), []))
        shape[1].append([row[axis] for axis in axes])
    for index, (kind, vertices) in shapes.items():
        where = f"shape {index}"
        page = 0
        with collector.attempt(where):
            points = np.array([[float(side.replace(",", ".")) for side in row] for row in vertices])
            if len(axes) == 3 and len(collector.names) > 1:
                page = round(float(points[0, 0]))
                if not 0 <= page < len(collector.names):
                    raise InputError(f"lies on page {page + 1} of {len(collector.names)}")
            rle = _mask(collector, kind, points[:, :-3:-1] + FIRST_CENTRE, where)
            collector.add(page, where, rle, "")


def _place(row: dict[str, str]) -> float:
    """Place of a vertex along its shape, which a sorted table may have put elsewhere."""
    try:
        return float(row["vertex-index"])
    except (TypeError, ValueError):
        return 0.0


def _mask(collector: Collector, kind: str, points: np.ndarray, where: str) -> dict:
    """RLE of one shape of points (x, y)."""
    if kind in ("polygon", "rectangle"):
        return collector.mask_of_rings([points], where)
    if kind == "ellipse" and len(points) == 4:  # the corners of the box about it
        along, beside = (points[1] - points[0]) / 2, (points[3] - points[0]) / 2
        turn = float(np.arctan2(along[1], along[0]))
        half = float(np.hypot(*along)), float(np.hypot(*beside))
        return collector.mask_of_oval(points.mean(axis=0), half, turn)
    raise InputError(f"a {kind} encloses nothing")
