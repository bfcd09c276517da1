"""Several results of the same images made one: flipped views of one model, or several models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthwire.io.masks import overlaps

SAME_IOU = 0.5


def consensus(views: Sequence[Sequence[dict]], *, least_score: float = 0.05) -> list[dict]:
    """Results in which each particle's score is the mean over the views, 0 where one lacks it.

    From the surest detection down, those of the other views that overlap it most, with IoU 0.5 or
    more, and of its category, are taken as the same particle; its mask is that of the surest.
    views: COCO results each. Particles whose mean falls below `least_score` are left out.
    """
    merged: list[dict] = []
    images = dict.fromkeys(item["image_id"] for view in views for item in view)
    for image in images:
        pooled = [
            (number, item)
            for number, view in enumerate(views)
            for item in view
            if item["image_id"] == image
        ]
        pooled.sort(key=lambda entry: -entry[1]["score"])
        masks = [item["segmentation"] for _, item in pooled]
        iou = overlaps(masks, masks)
        origin = np.array([number for number, _ in pooled])
        category = np.array([item["category_id"] for _, item in pooled])
        free = np.ones(len(pooled), dtype=bool)
        for place, (number, item) in enumerate(pooled):
            if not free[place]:
                continue
            free[place] = False
            total = item["score"]
            for other in set(range(len(views))) - {number}:
                fitting = free & (origin == other) & (category == item["category_id"])
                shares = np.where(fitting, iou[place], 0.0)
                best = int(shares.argmax())
                if shares[best] >= SAME_IOU:
                    free[best] = False
                    total += pooled[best][1]["score"]
            mean = float(total / len(views))
            if mean >= least_score:
                merged.append({**item, "score": mean})
    return sorted(merged, key=lambda item: -item["score"])
