"""Images of any size: in overlapping tiles, whose particles are put together again.

A particle is found whole where it fits into a tile with the overlap's help. A longer one is found
in parts, which agree where their tiles overlap and are united there. Memory holds the image, the
network's work on one tile, and run-length encoded masks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.errors import InputError
from synthwire.inference.predictor import Place
from synthwire.io.masks import mask_areas

# In pixels as the network sees them. A tile takes some 300 MB beside what a small image takes.
TILE_PX = 1536
OVERLAP_PX = 256
# A mask that ends so near to its tile's edge, in network pixels, is cut by it: masks are coarse.
CUT_PX = 4
SAME_IOU = 0.3  # of two masks within the overlap of their tiles, from which they are one particle
Predict = Callable[..., list[dict]]
Cell = tuple[int, int]  # row and column of a tile in the grid of tiles


class Tile(NamedTuple):
    """Rows top…bottom and columns left…right of an image."""

    top: int
    left: int
    bottom: int
    right: int


class Part(NamedTuple):
    """A detection of one tile: COCO result in the image's coordinates, and whether it is cut."""

    result: dict
    bounds: Tile  # of the mask
    cut: bool


def predict_any(
    predictor: Predict,
    image: np.ndarray,
    *,
    image_id: int = 1,
    scale: float = 1.0,
    tile_px: int = TILE_PX,
    overlap_px: int = OVERLAP_PX,
    progress: Callable[[Sequence], Iterable] = iter,
) -> list[dict]:
    """COCO results of a grey image (height, width), uint8, of any size; best score first.

    Parameters
    ----------
    predictor: `predictor.Predictor`, or what is called as it is.
    scale: how many times enlarged the network sees the image.
    tile_px, overlap_px: greatest side of a tile, and overlap of neighbours, in pixels that the
        network sees; particles longer than the overlap may be cut by a tile's edge, and are then
        put together.
    progress: wraps the list of tiles, as `tqdm` does.

    Masks without a pixel are left out. InputError when the overlap is above 2/5 of the tile: tiles
    would then overlap with more than their neighbours.
    """
    if not 0 < 5 * overlap_px <= 2 * tile_px:
        raise InputError(
            f"an overlap of {overlap_px} px does not fit tiles of {tile_px} px; more than 0 and at "
            f"most {2 * tile_px // 5} is expected"
        )
    height, width = image.shape
    tiles = _tiles(height, width, math.ceil(tile_px / scale), math.ceil(overlap_px / scale))
    parts = {}
    for cell in progress(list(tiles)):
        tile = tiles[cell]
        found = predictor(
            image[tile.top : tile.bottom, tile.left : tile.right],
            image_id,
            scale,
            Place(tile.top, tile.left, height, width),
        )
        parts[cell] = list(_own_parts(found, tiles, cell, CUT_PX / scale))
    return sorted(_assemble(parts, tiles), key=lambda result: -result["score"])


def _tiles(height: int, width: int, side: int, overlap: int) -> dict[Cell, Tile]:
    """A grid of tiles of one shape, no longer than `side`, that overlap by `overlap` or more."""
    rows, columns = (_spans(length, side, overlap) for length in (height, width))
    return {
        (row, column): Tile(top, left, bottom, right)
        for row, (top, bottom) in enumerate(rows)
        for column, (left, right) in enumerate(columns)
    }


def _spans(length: int, side: int, overlap: int) -> list[tuple[int, int]]:
    count = max(1, math.ceil((length - overlap) / (side - overlap)))
    side = math.ceil((length + (count - 1) * overlap) / count)
    begins = np.linspace(0, length - side, count).astype(int).tolist()
    return [(begin, begin + side) for begin in begins]


def _own_parts(
    results: Sequence[dict], tiles: Mapping[Cell, Tile], cell: Cell, tolerance: float
) -> Iterator[Part]:
    """What a tile contributes: all but what a neighbour sees more of.

    A mask that an inner edge of the tile cuts, and that lies wholly within the neighbour beyond
    that edge, is left to the neighbour, which sees all of it and how it goes on.
    """
    tile, (row, column) = tiles[cell], cell
    neighbours = [  # along each axis, before and behind; None at the image's own edge
        (tiles.get((row - 1, column)), tiles.get((row + 1, column))),
        (tiles.get((row, column - 1)), tiles.get((row, column + 1))),
    ]
    for result in results:
        x, y, across, down = (int(side) for side in coco_mask.toBbox(result["segmentation"]))
        if across == 0:
            continue
        bounds = Tile(y, x, y + down, x + across)
        cut = foreign = False
        for axis, (before, behind) in enumerate(neighbours):
            low, high = axis, axis + 2
            if before and bounds[low] - tile[low] <= tolerance:
                cut = True
                foreign |= before[high] - bounds[high] > tolerance
            if behind and tile[high] - bounds[high] <= tolerance:
                cut = True
                foreign |= bounds[low] - behind[low] > tolerance
        if not foreign:
            yield Part(result, bounds, cut)


def _assemble(parts: Mapping[Cell, Sequence[Part]], tiles: Mapping[Cell, Tile]) -> Iterator[dict]:
    """One result a particle, from the parts of all tiles."""
    everything = [part for found in parts.values() for part in found]
    if len(tiles) == 1:
        return (part.result for part in everything)
    from scipy.sparse import coo_array  # here, as below: an image of one tile need not wait for it
    from scipy.sparse.csgraph import connected_components

    begins = np.cumsum([0, *map(len, parts.values())])[:-1]
    number = dict(zip(parts, begins.tolist(), strict=True))
    links = [
        (number[cell] + one, number[other] + two)
        for cell in parts
        for other in _later_neighbours(cell)
        if other in parts
        for one, two in _same(parts[cell], parts[other], _common(tiles[cell], tiles[other]))
    ]
    ends = tuple(np.array(links, dtype=int).reshape(-1, 2).T)
    graph = coo_array((np.ones(len(links)), ends), shape=(len(everything),) * 2)
    count, group = connected_components(graph, directed=False)
    particles: list[list[Part]] = [[] for _ in range(count)]
    for which, part in zip(group, everything, strict=True):
        particles[which].append(part)
    return map(_join, particles)


def _later_neighbours(cell: Cell) -> list[Cell]:
    row, column = cell
    return [(row, column + 1), *((row + 1, column + step) for step in (-1, 0, 1))]


def _common(first: Tile, second: Tile) -> Tile:
    return Tile(*map(max, first[:2], second[:2]), *map(min, first[2:], second[2:]))


def _same(first: Sequence[Part], second: Sequence[Part], region: Tile) -> Iterator[tuple[int, int]]:
    """Pairs of parts of two tiles that are one particle: alike within the tiles' overlap."""
    near = [
        [number for number, part in enumerate(side) if _meets(part.bounds, region)]
        for side in (first, second)
    ]
    if not all(near):
        return
    from scipy.optimize import linear_sum_assignment

    results = [
        [side[number].result for number in numbers]
        for side, numbers in zip((first, second), near, strict=True)
    ]
    y0, x0, y1, x1 = map(float, region)
    size = results[0][0]["segmentation"]["size"]
    (window,) = coco_mask.frPyObjects([[x0, y0, x1, y0, x1, y1, x0, y1]], *size)
    masks = [
        [coco_mask.merge([result["segmentation"], window], intersect=True) for result in side]
        for side in results
    ]
    categories = [np.array([result["category_id"] for result in side]) for side in results]
    alike = np.equal.outer(*categories)
    iou = np.where(alike, coco_mask.iou(*masks, [0] * len(masks[1])), 0)
    for one, two in zip(*linear_sum_assignment(iou, maximize=True), strict=True):
        if iou[one, two] >= SAME_IOU:
            yield near[0][one], near[1][two]


def _meets(bounds: Tile, region: Tile) -> bool:
    common = _common(bounds, region)
    return common.top < common.bottom and common.left < common.right


def _join(parts: Sequence[Part]) -> dict:
    """One result from the parts of a particle: the best that is whole, or all that are cut.

    The score of united parts is the mean of theirs, weighted by area.
    """
    whole = [part.result for part in parts if not part.cut]
    if whole:
        return max(whole, key=lambda result: result["score"])
    results = [part.result for part in parts]
    if len(results) == 1:
        return results[0]
    masks = [result["segmentation"] for result in results]
    union = coco_mask.merge(masks)
    corners = np.array([result["bbox"] for result in results])
    low = corners[:, :2].min(axis=0)
    high = (corners[:, :2] + corners[:, 2:]).max(axis=0)
    scores = [result["score"] for result in results]
    return {
        **results[0],
        "bbox": [*low.tolist(), *(high - low).tolist()],
        "score": float(np.average(scores, weights=mask_areas(masks))),
        "segmentation": {"size": list(union["size"]), "counts": union["counts"].decode("ascii")},
    }
