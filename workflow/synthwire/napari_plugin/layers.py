"""A result as napari's layers: its image, its particles, their centre-lines.

A layer is napari's LayerData: (data, options, type). napari's points are (row, column), and whole
numbers lie in the middle of pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from skimage.measure import approximate_polygon

from synthwire.errors import InputError
from synthwire.figures.kit.overlay import contours
from synthwire.io.masks import decode_crops
from synthwire.io.units import nanometres
from synthwire.segmentation.colours import particle_colours
from synthwire.segmentation.correction import Correction
from synthwire.segmentation.result import Segmentation

Layer = tuple[Any, dict[str, Any], str]

WORK, LINES = "synthwire", "synthwire_lines"  # keys of a layer's metadata
TOLERANCE_PX = 0.4  # between an outline and its polygon, which is edited by its corners
LINE_COLOUR = "#ffffff"


@dataclass(frozen=True)
class Work:
    """What a layer of particles shows: what was found, and what was done to it by hand."""

    found: Segmentation
    correction: Correction

    @property
    def result(self) -> Segmentation:
        return self.correction.apply(self.found) if self.correction.steps else self.found


def image_layer(result: Segmentation) -> Layer:
    """The image as the network saw it, in nm where the size of its pixels is known."""
    options = {"name": result.name, "colormap": "gray", **placement(result)}
    return np.asarray(result.image), options, "image"


def placement(result: Segmentation) -> dict[str, Any]:
    """Scale and units of a result's layers."""
    size = result.pixel_size_nm
    return {"scale": size or (1.0, 1.0), "units": ("nm" if size else "pixel",) * 2}


def particle_layers(work: Work, placed: Mapping[str, Any] | None = None) -> list[Layer]:
    """The particles, as polygons, and their centre-lines, as paths.

    placed: options that place them on an image; None takes `placement`. They have their measures as
    features. A particle in several parts, or with holes, has several polygons of one id.
    """
    result = work.result
    placed = placement(result) if placed is None else placed
    drawn = polygons(result)
    colours = dict(enumerate(particle_colours(result), start=1))
    unit = "px" if result.pixel_size_nm is None else "nm"
    measures = ("line_length", "mean_width", "tortuosity", "taper")
    columns = [f"{name}_{unit}" if "_" in name else name for name in measures]
    table = result.particles.set_index("id")
    shown = table[["score", *columns, "orientation_deg", "by_hand"]]
    particles = {
        "name": f"{result.name}: particles",
        "shape_type": "polygon",
        "features": _features(shown, [number for number, _ in drawn]),
        "edge_color": [colours[number] for number, _ in drawn],
        "face_color": [f"{colours[number]}40" for number, _ in drawn],
        "edge_width": 1,
        "metadata": {WORK: work},
        **placed,
    }
    lines = {number: line for number, line in result.centrelines.items() if line is not None}
    paths = {
        "name": f"{result.name}: centre-lines",
        "shape_type": "path",
        "features": _features(table[columns], list(lines)),
        "edge_color": LINE_COLOUR,
        "face_color": "transparent",
        "edge_width": 0.5,
        "metadata": {LINES: True},
        **placed,
    }
    return [
        ([ring for _, ring in drawn], particles, "shapes"),
        ([line.points[:, ::-1] - 0.5 for line in lines.values()], paths, "shapes"),
    ]


def _features(table: pd.DataFrame, ids: list[int]) -> pd.DataFrame:
    return table.loc[ids].reset_index()


def polygons(result: Segmentation) -> list[tuple[int, np.ndarray]]:
    """Id and points (n, 2) of each polygon, in napari's coordinates; always the same of a result.

    They lie within `TOLERANCE_PX` of the masks' outlines.
    """
    crops = decode_crops(item["segmentation"] for item in result.selected)
    return [
        (number, approximate_polygon(ring, TOLERANCE_PX)[:-1, ::-1] - 0.5)
        for number, crop in zip(result.ids, crops, strict=True)
        for ring in contours(crop)
    ]


def pixels_of(data: Any, options: Mapping[str, Any]) -> np.ndarray:
    """An image layer's data (height, width[, 3 or 4]); InputError where they are no such image."""
    pixels = np.asarray(data)
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] in (3, 4)):
        name = options.get("name", "image")
        raise InputError(f"{name}: {pixels.ndim} axes; one image of two axes is expected")
    return pixels


def pixel_size_of(options: Mapping[str, Any]) -> tuple[float, float] | None:
    """Pixel size (down, across) in nm that the scale and units of a layer say; None for pixels."""
    units = options.get("units")
    units = (units, units) if units is None or isinstance(units, str) else tuple(units)[-2:]
    sizes = [nanometres(unit) for unit in units]
    if None in sizes or options.get("scale") is None:
        return None
    down, across = (
        float(step) * size
        for step, size in zip(tuple(options["scale"])[-2:], sizes, strict=True)
        if size is not None
    )
    return down, across
