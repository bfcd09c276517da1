"""Masks and their run-length encoding.

A mask is a boolean array (height, width); an RLE is pycocotools' compressed run-length encoding
with its counts as text, `{"size": [height, width], "counts": str}`, so that it can go into JSON.
Masks are amodal: where two particles cross, the pixels belong to both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.errors import InputError


def encode_mask(mask: np.ndarray) -> dict:
    """RLE of a boolean mask (height, width)."""
    rle = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def encode_crop(crop: np.ndarray, top: int, left: int, height: int, width: int) -> dict:
    """RLE of a mask (height, width) that is False outside a boolean crop at row `top`, `left`.

    The same as `encode_mask` of the whole mask, at the cost of the crop alone.
    """
    # Runs go down the columns. A frame of False about each column makes every run begin and end.
    framed = np.zeros((crop.shape[1], crop.shape[0] + 2), dtype=bool)
    framed[:, 1:-1] = crop.T
    column, row = np.nonzero(framed[:, 1:] != framed[:, :-1])
    ends = (column + left) * height + row + top  # by turns a run's first pixel and the one past it
    if crop.shape[0] == height:  # a run at a column's foot goes on at the head of the next
        joined = np.flatnonzero(ends[1:-1:2] == ends[2::2])
        ends = np.delete(ends, np.concatenate([2 * joined + 1, 2 * joined + 2]))
    counts = np.diff(ends, prepend=0, append=height * width)
    if counts[-1] == 0 and len(counts) > 1:
        counts = counts[:-1]
    size = [int(height), int(width)]
    rle = coco_mask.frPyObjects({"size": size, "counts": counts}, height, width)
    return {"size": size, "counts": rle["counts"].decode("ascii")}


def decode_mask(rle: dict) -> np.ndarray:
    """Boolean mask (height, width) of an RLE."""
    return coco_mask.decode(rle).astype(bool)


def overlaps(masks: Sequence[dict], others: Sequence[dict]) -> np.ndarray:
    """IoU of each of some masks (N) with each of others (M), all RLEs: (N, M)."""
    if not len(masks) or not len(others):
        return np.zeros((len(masks), len(others)))
    return np.asarray(coco_mask.iou(list(masks), list(others), [0] * len(others)))


def shares_within(masks: Sequence[dict]) -> np.ndarray:
    """Share of each of N masks, RLEs, that lies within each of them: (N, N), the diagonal 1."""
    if not len(masks):
        return np.zeros((0, 0))
    return np.asarray(coco_mask.iou(list(masks), list(masks), [1] * len(masks)))


class MaskCrop(NamedTuple):
    """The part of a mask (height, width) that holds all of it: pixels at row `top`, column `left`.

    Work on crops costs what the particles do, however large their image is.
    """

    pixels: np.ndarray
    top: int
    left: int
    shape: tuple[int, int]

    @classmethod
    def of(cls, mask: np.ndarray) -> MaskCrop:
        """The bounding box of a boolean mask; of an empty one nothing, (0, 0)."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size == 0:
            return cls(mask[:0, :0], 0, 0, mask.shape)
        top, left = int(rows[0]), int(columns[0])
        return cls(mask[top : rows[-1] + 1, left : columns[-1] + 1], top, left, mask.shape)

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the crop in the image."""
        height, width = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def decode_crop(rle: Mapping) -> tuple[np.ndarray, int, int]:
    """The part of an RLE's mask within its bounding box (boolean), and the box's top and left.

    At the cost of the part alone, however large the image. InputError where the runs are none of
    an image of its size.
    """
    rows, columns = rle["size"]
    runs = run_lengths(rle["counts"])
    ends = np.cumsum(runs)
    if runs.size and not 0 <= runs.min() <= runs.max() <= ends[-1] <= rows * columns:
        raise InputError(f"a mask whose runs do not fit into {rows} × {columns} pixels")
    starts, ends = ends[:-1:2], ends[1::2]
    filled = ends > starts
    if not filled.any():
        return np.zeros((0, 0), dtype=bool), 0, 0
    # of each run the first and the last pixel; runs go down the columns
    column, row = np.divmod(np.stack([starts[filled], ends[filled] - 1]), rows)
    left, width = int(column.min()), int(np.ptp(column)) + 1
    around = (column[0] != column[1]).any()  # from a column's foot to the head of the next
    top, height = (0, rows) if around else (int(row.min()), int(np.ptp(row)) + 1)
    first, last = (column - left) * height + row - top
    steps = np.zeros(width * height + 1, dtype=np.int8)
    steps[first] = 1
    steps[last + 1] -= 1
    pixels = np.cumsum(steps[:-1], dtype=np.int8).view(bool)
    return pixels.reshape(width, height).T, top, left


def run_lengths(counts: str | bytes) -> np.ndarray:
    """Lengths of the runs, of False and True by turns, from COCO's compressed code.

    A number is groups of five bits, the lowest first, each in a character from "0" on, whose sixth
    bit says that more follow; the fifth bit of the last is its sign. From the fourth number on it
    is the difference to the last but one. InputError when it is no such code, or cut off.
    """
    code = np.frombuffer(counts.encode() if isinstance(counts, str) else counts, np.uint8) - 48
    if not code.size:
        return np.zeros(0, dtype=np.int64)
    if code.max() > 63 or code[-1] > 31:
        raise InputError("no run-length code of COCO's, or one that is cut off")
    last = np.flatnonzero(code < 32)
    first = np.concatenate([[0], last[:-1] + 1])
    groups = last - first + 1
    shifts = 5 * (np.arange(code.size) - np.repeat(first, groups))
    runs = np.add.reduceat((code & 31).astype(np.int64) << shifts, first)
    runs -= np.where(code[last] & 16, np.int64(1) << (5 * groups), 0)
    for start in (1, 2):
        runs[start::2] = np.cumsum(runs[start::2])
    return runs


def decode_crops(rles: Iterable[Mapping]) -> list[MaskCrop]:
    """Crops of RLEs, as `decode_crop` gives them."""
    return [MaskCrop(*decode_crop(rle), tuple(rle["size"])) for rle in rles]


def segmentation_to_rle(segmentation: dict | list, height: int, width: int) -> dict:
    """RLE of any COCO segmentation: polygons, uncompressed or compressed RLE.

    Polygons are lists of x0, y0, x1, y1, … in pixels, pixel (column i, row j) covering
    [i, i+1] × [j, j+1]; several polygons of one annotation are united.
    """
    if isinstance(segmentation, list):
        if not segmentation or any(len(polygon) < 6 for polygon in segmentation):
            raise InputError("a polygon needs at least three points (six numbers)")
        rle = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        rle = coco_mask.frPyObjects(segmentation, height, width)
    else:
        rle = segmentation
    if list(rle["size"]) != [height, width]:
        raise InputError(f"a mask of {rle['size']} stands in an image of {[height, width]}")
    counts = rle["counts"]
    return {
        "size": [int(height), int(width)],
        "counts": counts.decode("ascii") if isinstance(counts, bytes) else counts,
    }


def mask_areas(rles: Iterable[dict]) -> np.ndarray:
    """Areas of RLEs in px: (N,), float."""
    # one by one: with numpy 2, pycocotools fails on lists of more than 255 masks
    return np.array([coco_mask.area(rle) for rle in rles], dtype=float)


def union_of_masks(rles: Iterable[dict], height: int, width: int) -> np.ndarray:
    """Boolean union (height, width) of RLEs; all False when there are none."""
    rles = list(rles)
    if not rles:
        return np.zeros((height, width), dtype=bool)
    return decode_mask(coco_mask.merge(rles))
