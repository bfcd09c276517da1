"""Masks and their run-length encoding.

A mask is a boolean array (height, width); an RLE is pycocotools' compressed run-length encoding
with its counts as text, `{"size": [height, width], "counts": str}`, so that it can go into JSON.
Masks are amodal: where two particles cross, the pixels belong to both.
"""

from __future__ import annotations

from collections.abc import Iterable

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


def decode_crop(rle: dict) -> tuple[np.ndarray, int, int]:
    """The part of an RLE's mask within its bounding box (boolean), and the box's top and left."""
    left, top, width, height = (int(value) for value in coco_mask.toBbox(rle))
    whole = coco_mask.decode(rle)  # only the part is copied: masks of big images are many
    return whole[top : top + height, left : left + width].astype(bool), top, left


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
