"""Masks of all kinds, and their outlines read back, for the tests of each format."""

import importlib.util

import numpy as np
import pytest

from synthwire.io.coco import make_annotation
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io.outlines import Outlines, read_outlines

SHAPE = (40, 50)
SQUARE = [[5.0, 6.0], [15.0, 6.0], [15.0, 20.0], [5.0, 20.0]]
needs_roifile = pytest.mark.skipif(
    importlib.util.find_spec("roifile") is None, reason="roifile, for Fiji ROIs, is not installed"
)


def square() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[6:20, 5:15] = True
    return mask


def masks() -> list[np.ndarray]:
    """A square, one that overlaps it, a slanted wire, two parts, a ring, diagonal pixels."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    parts = np.zeros(SHAPE, bool)
    parts[30:35, 2:6] = parts[30:33, 10:12] = True
    corner = np.zeros(SHAPE, bool)
    corner[36, 40] = corner[37, 41] = corner[38, 40] = True
    ring = (np.hypot(x - 38, y - 12) < 9) & (np.hypot(x - 38, y - 12) > 4)
    return [square(), np.roll(square(), 4, 1), abs(x - y - 3) < 3, parts, ring, corner]


def coco(found: list[np.ndarray]) -> dict:
    return {
        "images": [{"id": 1, "file_name": "a.png", "height": SHAPE[0], "width": SHAPE[1]}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(number, 1, encode_mask(mask))
            for number, mask in enumerate(found, start=1)
        ],
    }


def polygons(*rings) -> dict:
    data = coco([square()] * len(rings))
    for item, ring in zip(data["annotations"], rings, strict=True):
        item["segmentation"] = [np.ravel(ring).astype(float).tolist()]
    return data


def read(path, **more) -> Outlines:
    return read_outlines(path, ["a.png"], SHAPE, **more)


def masks_of(found: Outlines) -> list[np.ndarray]:
    return [decode_mask(item["segmentation"]) for item in found.annotations]
