"""What a careful colleague would say of a result: one short sentence for each reason to doubt it.

The limits are from simulated images of all virtual microscopes, whose measures they leave out, and
from the same images spoilt on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask

from synthwire.segmentation.looks import Known
from synthwire.segmentation.scale import disagreement
from synthwire.segmentation.sharpness import noise_level, sharpest_edges

if TYPE_CHECKING:
    from synthwire.segmentation.result import Segmentation

FLAT, FLAT_ALL = 0.75, 0.4  # of the particles' pixels, or of all, at the bright end
BLACK = 0.25  # of all pixels at the dark end, where a ground sends a signal of its own
WITH_GROUND = ("sem", "tem")
# Widths of edges in pixels, and the shares of the particles' width from which they are too wide.
BLURRED = ((6.0, 0.9), (10.0, 0.4))
EDGES_ALONE_PX = 12.0  # where nothing was found
NOISY = 0.5  # deviation of the noise, of the particles' contrast
SURE_BY, UNSURE = 0.1, 0.5  # of scores above the threshold; of the particles
# Of the particles, of a width that the network does not know: so many standard deviations away.
UNKNOWN, NARROW, WIDE = 1 / 3, 1.5, 2.0
PACKED = 0.5  # of the picture, covered by particles
CUT = 0.85  # of the particles, cut by the image's edge
FEW = 6  # particles, below which a share of them says nothing
STRUCTURED = 12.0  # strength of edges, in gradients of noise, where nothing was found


def doubts_of(result: Segmentation) -> tuple[str, ...]:
    """Why the particles of a result may be others than the specimen's; none where all is well.

    They go with the selection: another threshold, other doubts.
    """
    covered = _covered(result)
    table = result.measures[result.measures["id"].isin(result.ids)]
    lines = (
        _scale(result),
        *_ends_of_the_range(result, covered),
        *_picture(result, table, covered),
        _uncertain(table, result.threshold),
        _widths(table, result.info),
        _cover(result, covered),
        _cut(table),
    )
    return tuple(line for line in lines if line)


def _covered(result: Segmentation) -> np.ndarray:
    """Where the selected particles lie, boolean (height, width)."""
    if not result.ids:
        return np.zeros(result.image.shape, dtype=bool)
    return coco_mask.decode(
        coco_mask.merge([item["segmentation"] for item in result.selected])
    ).astype(bool)


def _scale(result: Segmentation) -> str | None:
    # a pixel size that is doubtful in itself has its remark already
    if result.info.get("pixel_size_doubt"):
        return None
    return disagreement(
        result.pixel_size_nm, result.info.get("fitting_scale"), result.info.get("learnt", {})
    )


def _ends_of_the_range(result: Segmentation, covered: np.ndarray) -> Iterator[str]:
    modality = result.info.get("modality")
    bright, dark = ("darkest", "brightest") if modality == "tem" else ("brightest", "darkest")
    top = result.image == 255
    inside, share = float(top[covered].mean()) if covered.any() else 0.0, _share(result, top)
    if inside > FLAT:
        yield (
            f"saturated: {inside:.0%} of the particles' pixels have the {bright} grey value, so "
            "what overlaps there looks like one"
        )
    elif share > FLAT_ALL:
        yield f"saturated: {share:.0%} of the pixels have the {bright} grey value"
    share = _share(result, result.image == 0)
    if modality in WITH_GROUND and share > BLACK:
        yield (
            f"saturated: {share:.0%} of the pixels have the {dark} grey value, where faint "
            "particles cannot be seen"
        )


def _share(result: Segmentation, where: np.ndarray) -> float:
    """Share of the pixels that are a picture; what is none has a middling grey value."""
    return float(np.count_nonzero(where) / (result.info.get("picture_px") or where.size))


def _picture(result: Segmentation, table: pd.DataFrame, covered: np.ndarray) -> Iterator[str]:
    edges = sharpest_edges(result.image)
    if not len(table):
        if turned := result.info.get("in_the_negative"):
            yield (
                f"no particle was found, but {turned} would be in the picture's negative; the "
                "contrast may be the other way round (--modality tem, --invert)"
            )
        if edges.width_px is not None and edges.width_px > EDGES_ALONE_PX:
            yield f"blurred: the sharpest edges are {edges.width_px:.0f} px wide"
        if edges.strength > STRUCTURED:
            yield (
                "no particle was found, yet the picture has edges "
                f"{edges.strength:.0f} times as strong as its noise"
            )
        return
    width = float(table["width_px"].median())
    if edges.width_px is not None and any(
        edges.width_px > least and edges.width_px > share * width for least, share in BLURRED
    ):
        yield (
            f"blurred: the sharpest edges are {edges.width_px:.0f} px wide, the particles "
            f"{width:.0f} px"
        )
    if covered.all():
        return
    contrast = float(np.median(result.image[covered])) - float(np.median(result.image[~covered]))
    noise = noise_level(result.image)
    if noise > NOISY * max(abs(contrast), 1.0):
        seen = "brighter" if contrast >= 0 else "darker"
        yield (
            f"noisy: noise of {noise:.0f} grey values, particles {abs(contrast):.0f} {seen} than "
            "the ground"
        )


def _uncertain(table: pd.DataFrame, threshold: float) -> str | None:
    scores = table["score"]
    limit = min(threshold + SURE_BY, 1.0)
    unsure = int((scores < limit).sum())
    if len(scores) < FEW or unsure <= UNSURE * len(scores):
        return None
    return f"uncertain: {unsure} of {len(scores)} particles have a score below {limit:.2g}"


def _widths(table: pd.DataFrame, info: Mapping) -> str | None:
    """Particles that no look saw at a width that the network knows."""
    learnt, looks = info.get("learnt", {}), info.get("looks")
    if "particle_width_log_sd" not in learnt or not looks or not len(table):
        return None
    known = Known(learnt["particle_width_px"], learnt["particle_width_log_sd"])
    widths = table["width_px"].to_numpy(dtype=float)
    thin = known.away(widths * max(looks)) < -NARROW
    wide = known.away(widths * min(looks)) > WIDE
    low, high = known.width_px * np.exp(known.log_sd * np.array([-NARROW, WIDE]))
    for which, word in ((thin, "thinner"), (wide, "wider")):
        if which.sum() > UNKNOWN * len(widths):
            return (
                f"{which.sum()} of {len(widths)} particles are {word} than the network knows: "
                f"{np.median(widths[which]):.3g} px, seen at {max(looks):.2g} to "
                f"{min(looks):.2g} times their size; it knows {low:.2g} to {high:.2g} px"
            )
    return None


def _cover(result: Segmentation, covered: np.ndarray) -> str | None:
    share = _share(result, covered)
    if share <= PACKED:
        return None
    return f"packed: particles cover {share:.0%} of the picture, and hide one another"


def _cut(table: pd.DataFrame) -> str | None:
    touching, count = int(table["touches_border"].astype(bool).sum()), len(table)
    if count < FEW or touching <= CUT * count:
        return None
    return f"{touching} of {count} particles are cut by the image's edge: they are longer than that"
