"""How wide many masks are, without decoding one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.io.masks import mask_areas


def widths_px(items: Sequence[Mapping]) -> np.ndarray:
    """Widths in pixels (N,) of the rectangles with the areas and bounding boxes of COCO items.

    Of a rectangle of sides l ≥ w at the angle a, the bounding box has the sides
    l|cos a| + w|sin a| and l|sin a| + w|cos a|, and the area is l·w; both give l and w without
    decoding a mask. 0 for an empty mask.
    """
    if not items:
        return np.zeros(0)
    masks = [item["segmentation"] for item in items]
    area = mask_areas(masks)
    across, down = np.array([coco_mask.toBbox(mask) for mask in masks]).T[2:]
    squares, full = across**2 + down**2, np.maximum(area, 1.0)
    # |sin a · cos a|, from across² + down² = l² + w² + 4·l·w·|sin a · cos a| and across · down
    root = np.sqrt(np.maximum(squares**2 - 16 * full * (across * down - full), 0.0))
    product = np.clip((squares - root) / (8 * full), 0.0, 0.5)
    sides = squares - 4 * full * product  # l² + w²
    length = (np.sqrt(sides + 2 * full) + np.sqrt(np.maximum(sides - 2 * full, 0.0))) / 2
    return area / np.maximum(length, 1.0)
