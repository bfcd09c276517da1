"""Colours of the particles of a result, the same wherever it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.figures.kit.overlay import spread_colours

if TYPE_CHECKING:
    from synthwire.segmentation.result import Segmentation


def particle_colours(result: Segmentation) -> list[str]:
    """A colour for each result, by id − 1, whatever the selection; those whose boxes overlap differ
    where possible.

    What was found keeps its colours when a hand adds others.
    """
    if not result.results:
        return []
    boxes = coco_mask.toBbox([item["segmentation"] for item in result.results])
    touching = coco_mask.iou(boxes, boxes, [0] * len(boxes)) > 0
    areas = np.asarray(result.measures["area_px"]).tolist()
    found = sum("by_hand" not in item for item in result.results)
    known = spread_colours(touching[:found, :found], areas[:found])
    return spread_colours(touching, areas, known=known)
