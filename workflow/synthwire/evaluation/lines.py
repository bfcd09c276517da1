"""How well the centre-lines of found wires follow those of the annotated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import cKDTree

from synthwire.io.masks import decode_mask
from synthwire.particles.centrelines import measure_line
from synthwire.particles.line_table import line_of
from synthwire.particles.table import matched_images
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
    for image in matched_images(ground_truth, predictions, settings["accuracy_score"]):
        masks = [decode_mask(rle) for rle in image.outline_rles]
        layers = np.sum(masks, axis=0)
        for rle, number in zip(image.found_rles, image.partner.tolist(), strict=True):
            if number < 0:
                continue
            own, true = line_of(rle), line_of(image.outline_rles[number])
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
