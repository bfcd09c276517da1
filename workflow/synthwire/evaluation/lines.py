"""How well the centre-lines of found wires follow those of the annotated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import cKDTree

from synthwire.io.masks import decode_mask, segmentation_to_rle
from synthwire.particles.centrelines import measure_line
from synthwire.particles.line_table import line_of
from synthwire.particles.table import match_masks
from synthwire.particles.tracing import evenly

FINE_PX = 0.1  # between points of the annotated line, from which distances are taken


def line_agreement(
    ground_truth: dict, predictions: Sequence[Mapping], settings: Mapping
) -> dict[str, dict[str, float]]:
    """Centre-lines of the wires that are found (IoU 0.5, from `accuracy_score` on): "all" and those
    of which others cover the greatest range of `overlap_limits`, "crossing".

    Of each: pairs; line_distance_px, the mean over the wires of how far the found line's points lie
    from the annotated line; line_length_error and line_width_error, medians without sign in percent
    of the annotated wire's. NaN where nothing was found.
    """
    least = (settings.get("overlap_limits") or [1.0])[-1]
    rows: list[tuple[bool, float, float, float]] = []
    for image in ground_truth["images"]:
        size = image["height"], image["width"]
        outlines = [
            (segmentation_to_rle(item["segmentation"], *size), bool(item.get("iscrowd", 0)))
            for item in ground_truth["annotations"]
            if item["image_id"] == image["id"]
        ]
        found = sorted(
            (
                item
                for item in predictions
                if item["image_id"] == image["id"] and item["score"] >= settings["accuracy_score"]
            ),
            key=lambda item: -item["score"],
        )
        rles = [segmentation_to_rle(item["segmentation"], *size) for item in found]
        crowd = np.array([ignored for _, ignored in outlines], dtype=bool)
        partner, _ = match_masks([rle for rle, _ in outlines], rles, crowd)
        masks = [decode_mask(rle) for rle, _ in outlines]
        layers = np.sum(masks, axis=0) if masks else np.zeros(size)
        for rle, number in zip(rles, partner.tolist(), strict=True):
            if number < 0:
                continue
            own, true = line_of(rle), line_of(outlines[number][0])
            if own is None or true is None:
                continue
            one, other = measure_line(own), measure_line(true)
            if other.length == 0 or other.width == 0:  # a speck, which has no line to follow
                continue
            rows.append(
                (
                    float((layers[masks[number]] > 1).mean()) >= least,
                    float(cKDTree(evenly(true.points, FINE_PX)).query(own.points)[0].mean()),
                    100 * abs(one.length / other.length - 1),
                    100 * abs(one.width / other.width - 1),
                )
            )
    return {
        "all": _summary([row[1:] for row in rows]),
        "crossing": _summary([row[1:] for row in rows if row[0]]),
    }


def _summary(rows: Sequence[tuple[float, float, float]]) -> dict[str, float]:
    if not rows:
        values = [math.nan] * 3
    else:
        distances, lengths, widths = np.array(rows).T
        values = [distances.mean(), np.nanmedian(lengths), np.nanmedian(widths)]
    names = ("line_distance_px", "line_length_error", "line_width_error")
    return {"pairs": len(rows), **dict(zip(names, map(float, values), strict=True))}
