"""What is drawn of a result, computed once, so that a slider only chooses among it.

Coordinates are x, y in image pixels, pixel (column i, row j) covering [i, i+1] × [j, j+1].
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from skimage.measure import approximate_polygon

from synthwire.figures.kit.overlay import contours
from synthwire.io.masks import decode_crop
from synthwire.segmentation.colours import particle_colours
from synthwire.segmentation.result import Segmentation

LONGEST_PICTURE_PX = (
    2048  # a screen shows no more; zoomed in, larger images are softer than they are
)
LARGEST_EXACT_PX = 1024**2
OUTLINE_TOLERANCE_PX = 0.35
CELLS_ACROSS = 56  # hover points stand at most this many to the longer side of the image


@dataclass(frozen=True)
class Layers:
    """The image and the shapes of all results, by id − 1.

    picture: the image as a data URI. outlines: rings (n, 2) of each result. points: places (n, 2)
    spread over each result, at which the mouse finds it. colours: one each, so that neighbours
    differ.
    """

    picture: str
    outlines: list[list[np.ndarray]]
    points: list[np.ndarray]
    colours: list[str]


def layers_of(result: Segmentation) -> Layers:
    """The layers of all results of an image, whatever the selection."""
    shapes = _shapes(result, result.results)
    return Layers(picture_uri(result.image), *shapes, particle_colours(result))


def with_added(layers: Layers, result: Segmentation) -> Layers:
    """The layers of a result's first particles, with those that were added by hand behind them."""
    known = len(layers.outlines)
    if len(result.results) == known:
        return layers
    outlines, points = _shapes(result, result.results[known:])
    return Layers(
        layers.picture,
        [*layers.outlines, *outlines],
        [*layers.points, *points],
        particle_colours(result),
    )


def _shapes(
    result: Segmentation, items: Sequence[dict]
) -> tuple[list[list[np.ndarray]], list[np.ndarray]]:
    cell = max(4, round(max(result.image.shape) / CELLS_ACROSS))
    points = []
    for item in items:
        crop, top, left = decode_crop(item["segmentation"])
        points.append(np.add(spread_points(crop, cell), (left, top)))
    return rings_of_all(items), points


def picture_uri(pixels: np.ndarray) -> str:
    """Pixels (H, W[, 3]), uint8, as a picture in a data URI, made smaller where they are many.

    It goes to the browser with every move of a slider; large ones are compressed with losses.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((LONGEST_PICTURE_PX, LONGEST_PICTURE_PX), Image.Resampling.BOX)
    kind = "png" if image.width * image.height <= LARGEST_EXACT_PX else "jpeg"
    content = io.BytesIO()
    image.save(content, format=kind, compress_level=1, quality=90)  # each takes its own
    return f"data:image/{kind};base64," + base64.b64encode(content.getvalue()).decode("ascii")


def rings(mask: np.ndarray) -> list[np.ndarray]:
    """Closed outlines of a mask, with no more corners than a screen shows."""
    return [np.round(approximate_polygon(line, OUTLINE_TOLERANCE_PX), 2) for line in contours(mask)]


def rings_of_all(items: Sequence[dict]) -> list[list[np.ndarray]]:
    """`rings` of COCO annotations with RLE, in the image."""
    crops = (decode_crop(item["segmentation"]) for item in items)
    return [[np.add(line, (left, top)) for line in rings(crop)] for crop, top, left in crops]


def spread_points(mask: np.ndarray, cell: int) -> np.ndarray:
    """Places (n, 2) on a mask, one in each cell of cell × cell pixels that it reaches.

    No pixel of the mask is farther than a cell's diagonal from one of them.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return np.empty((0, 2))
    cells = (rows // cell) * (mask.shape[1] // cell + 1) + columns // cell
    _, number, count = np.unique(cells, return_inverse=True, return_counts=True)
    centre_row = (np.bincount(number, rows) / count)[number]
    centre_column = (np.bincount(number, columns) / count)[number]
    off = (rows - centre_row) ** 2 + (columns - centre_column) ** 2
    order = np.lexsort((off, number))
    first = order[np.searchsorted(number[order], np.arange(len(count)))]
    return np.column_stack([columns[first], rows[first]]) + 0.5
