"""Results that several tests look at."""

from pathlib import Path

import numpy as np
from PIL import Image
from tiny_model import CATEGORIES, wires

from synthwire.io.masks import encode_mask
from synthwire.segmentation.result import Segmentation

SIZE_NM = (6.0, 8.0)
LEAST = 0.13  # of the scores of a network that has learnt nothing


def rectangles(*corners, scores=None):
    """A segmentation whose masks are rectangles (top, left, bottom, right), without a network."""
    results = []
    for number, (top, left, bottom, right) in enumerate(corners):
        mask = np.zeros((60, 80), dtype=bool)
        mask[top:bottom, left:right] = True
        score = scores[number] if scores else 0.9 - 0.1 * number
        results.append(
            {
                "image_id": 1,
                "category_id": 1,
                "bbox": [left, top, right - left, bottom - top],
                "score": score,
                "segmentation": encode_mask(mask),
            }
        )
    image = wires(0, 60, 80)
    return Segmentation(image, results, None, "a.png", None, 1.0, CATEGORIES, {"model": "none"})


def write_images(folder: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(wires(seed)).save(path)
    return folder
