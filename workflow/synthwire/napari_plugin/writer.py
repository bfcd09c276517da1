"""Saving what was drawn, changed and deleted in napari, as a result or as COCO.

A particle whose polygons are as they were opened keeps its mask to the pixel. Changes become steps
of the result's history, so that the app undoes them one by one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import write_json
from synthwire.io.grey import one_channel, to_grey8
from synthwire.io.masks import encode_mask
from synthwire.io.outlines.napari import FIRST_CENTRE
from synthwire.napari_plugin.layers import (
    LINES,
    WORK,
    Layer,
    Work,
    pixel_size_of,
    pixels_of,
    polygons,
)
from synthwire.segmentation.correction import Correction, Step, remove
from synthwire.segmentation.result import CATEGORIES, Segmentation
from synthwire.segmentation.strokes import draw_line, draw_polygon
from synthwire.version import __version__

CORNERS = 128  # of the polygon that stands for an ellipse


def write_result(path: str, layers: Sequence[Layer]) -> list[str]:
    """Save layers as the folder of a result; returns the paths of its files.

    layers: the particles as `reader.read` and the widget give them, with further layers of shapes,
    or an image with shapes that were drawn on it. InputError where they are neither.
    """
    folder = corrected(layers).save(path)
    return [str(file) for file in sorted(folder.iterdir())]


def write_coco(path: str, layers: Sequence[Layer]) -> list[str]:
    """Save layers as a COCO data set of one image; see `write_result`."""
    write_json(Path(path), corrected(layers).coco())
    return [path]


class _Shape(NamedTuple):
    kind: str
    points: np.ndarray  # (n, 2), napari's
    width: float  # of a line, in the image's pixels
    where: str
    number: int  # id of the particle that it belongs to by its features; 0 of none


def corrected(layers: Sequence[Layer]) -> Segmentation:
    """The result that layers show, with its history."""
    images = [layer for layer in layers if layer[2] == "image"]
    shapes = [
        layer
        for layer in layers
        if layer[2] == "shapes" and not layer[1].get("metadata", {}).get(LINES)
    ]
    opened = [layer for layer in shapes if WORK in layer[1].get("metadata", {})]
    if len(opened) > 1 or len(images) > 1:
        raise InputError("layers of several images are selected; select those of one")
    if not opened and not images:
        raise InputError("shapes without an image are selected; select the image's layer, too")
    work = opened[0][1]["metadata"][WORK] if opened else _without_particles(images[0])
    frame = (images or opened)[0][1]
    result: Segmentation = work.result
    steps: list[Step] = []
    for layer in opened:
        steps += _changes(result, list(_shapes_of(layer, frame)))
    for layer in shapes:
        if not any(layer is other for other in opened):
            steps += [_drawn(shape, result) for shape in _shapes_of(layer, frame)]
    correction: Correction = work.correction
    for step in steps:
        correction = correction.do(step)
    return Work(work.found, correction).result


def _changes(result: Segmentation, shapes: Sequence[_Shape]) -> Iterator[Step]:
    """What makes the particles of a result those that its layer shows.

    New shapes come last in a layer, and napari gives them the features of whichever was selected:
    of the shapes that have a particle's id, as many as it had are its own.
    """
    before: dict[int, list[np.ndarray]] = defaultdict(list)
    for number, ring in polygons(result):
        before[number].append(ring)
    own: dict[int, list[_Shape]] = {number: [] for number in before}
    new = []
    for shape in shapes:
        if shape.number in own and len(own[shape.number]) < len(before[shape.number]):
            own[shape.number].append(shape)
        else:
            new.append(shape)
    gone = [number for number, there in own.items() if not there]
    if gone:
        yield remove(gone)
    for number, there in own.items():
        if there and not _unchanged(before[number], there):
            mask = np.logical_xor.reduce([_mask(shape, result) for shape in there])
            if not mask.any():
                raise InputError(f"particle {number}: its shapes cancel one another; delete them")
            yield Step("reshaped", removed=(number,), added=(encode_mask(mask),))
    for shape in new:
        yield _drawn(shape, result)


def _unchanged(rings: Sequence[np.ndarray], shapes: Sequence[_Shape]) -> bool:
    return len(rings) == len(shapes) and all(
        ring.shape == shape.points.shape and np.allclose(ring, shape.points, atol=1e-3)
        for ring, shape in zip(rings, shapes, strict=True)
    )


def _drawn(shape: _Shape, result: Segmentation) -> Step:
    return Step("drawn", added=(encode_mask(_mask(shape, result)),))


def _mask(shape: _Shape, result: Segmentation) -> np.ndarray:
    """Mask (height, width) of one of napari's shapes; a line has its own width."""
    points = shape.points[:, ::-1]
    size = result.image.shape
    try:
        if shape.kind in ("line", "path"):
            return draw_line((points + 0.5).tolist(), shape.width, size)
        if shape.kind == "ellipse":  # the points are the corners of the box about it
            middle, along, beside = (
                points.mean(axis=0),
                points[1] - points[0],
                points[3] - points[0],
            )
            turn = np.linspace(0, 2 * math.pi, CORNERS, endpoint=False)
            points = middle + (np.outer(np.cos(turn), along) + np.outer(np.sin(turn), beside)) / 2
        return draw_polygon((points + FIRST_CENTRE).tolist(), size)
    except InputError as error:
        raise InputError(f"{shape.where}: {error}") from None


def _shapes_of(layer: Layer, frame: Mapping[str, Any]) -> Iterator[_Shape]:
    """The shapes of a layer in pixels of the image.

    frame: options of the image's layer, whose scale and translation may be others.
    """
    data, options, _ = layer
    name = options.get("name", "shapes")
    ratio, offset = _between(options, frame, name)
    count = len(data)
    kinds = _each(options.get("shape_type", "rectangle"), count)
    widths = _each(options.get("edge_width", 1), count)
    ids = list(dict(options.get("features", {})).get("id", [None] * count))
    for number, points in enumerate(data):
        where = f"{name}, shape {number}"
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2:
            raise InputError(f"{where}: {points.shape[-1]} axes; shapes of one image have two")
        known = ids[number] is not None and math.isfinite(float(ids[number]))
        yield _Shape(
            str(kinds[number]),
            points * ratio + offset,
            float(widths[number]) * float(np.sqrt(np.prod(ratio))),
            where,
            int(ids[number]) if known else 0,
        )


def _each(value: Any, count: int) -> list[Any]:
    """An option that napari gives once for all shapes or for each of them."""
    return [value] * count if isinstance(value, str) or np.ndim(value) == 0 else list(value)


def _between(
    options: Mapping[str, Any], frame: Mapping[str, Any], name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Factor and offset, both (down, across), from a layer's points to pixels of the image."""
    for place in (options, frame):
        for key, plain in (("rotate", np.eye(2)), ("shear", np.zeros(1)), ("affine", np.eye(3))):
            value = np.asarray(plain if place.get(key) is None else place[key], dtype=float)
            if value.shape == () and value == 0:
                continue
            if value.shape != plain.shape or not np.allclose(value, plain):
                raise InputError(f"{name}: the layer or its image is turned or sheared; undo that")
    scale, frame_scale = (
        np.broadcast_to(np.asarray(place.get("scale", 1.0), dtype=float), 2)
        for place in (options, frame)
    )
    shift, frame_shift = (
        np.broadcast_to(np.asarray(place.get("translate", 0.0), dtype=float), 2)
        for place in (options, frame)
    )
    return scale / frame_scale, (shift - frame_shift) / frame_scale


def _without_particles(layer: Layer) -> Work:
    """An image in which nothing was found, to draw on."""
    data, options, _ = layer
    name = str(options.get("name", "image"))
    grey = one_channel(pixels_of(data, options))
    info = {
        "description": f"Particles that were drawn by hand on {name}",
        "synthwire": __version__,
        "model": "by hand",
    }
    image = grey if grey.dtype == np.uint8 else to_grey8(grey.astype(float))
    found = Segmentation(image, [], pixel_size_of(options), name, None, 1.0, CATEGORIES, info)
    return Work(found, Correction())
