"""Images cut into fields, as a network is to see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from synthwire.errors import InputError
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.options import THRESHOLD
from synthwire.segmentation.result import Segmentation

SIDE_PX, LEAST_SIDE_PX = 192, 96  # of a field
WIDTH_PX = 14.0  # of the median particle, as a network draws masks best
SCALES = (1 / 16, 4.0)
MOST_FIELDS = 24
FEWEST_PARTICLES, UNSURE = 12, 0.3  # that speak for a scale, and their least score
DRAWN_SHARE = 0.02  # of a field, from which captions or what is left out keep it out


@dataclass(frozen=True)
class Fields:
    """Pieces of images, all of one side and one scale.

    pixels: uint8 (N, side, side), particles bright; sources: the image's number of each; scale: how
    many times the images were enlarged.
    """

    pixels: np.ndarray
    sources: tuple[int, ...]
    scale: float


def fitting_scale(segmentations: Sequence[Segmentation]) -> float:
    """How many times images are to be enlarged so that their median particle is WIDTH_PX wide, but
    no less than leaves the smallest image LEAST_SIDE_PX.

    Where few are sure, those speak, too, that the model is not sure of. InputError where there are
    too few even so.
    """
    for score in (THRESHOLD, UNSURE):
        tables = [item.select(threshold=score).particles for item in segmentations]
        together = np.concatenate([table["width_px"] for table in tables])
        if len(together) >= FEWEST_PARTICLES:
            break
    else:
        raise InputError(
            f"{len(together)} particles were found in all {len(tables)} images, and "
            f"{FEWEST_PARTICLES} are needed to learn from; give more images, or larger ones, or "
            "say by --scale how many times enlarged a particle is some 14 px wide"
        )
    least = LEAST_SIDE_PX / min(min(item.image.shape) for item in segmentations)
    return float(np.clip(WIDTH_PX / np.median(together), max(least, SCALES[0]), SCALES[1]))


def cut(images: Sequence[GreyImage], scale: float) -> Fields:
    """Fields of all images, spread evenly over each, the same number of each where they can be had.

    InputError where an image is too small.
    """
    seen = [_resized(image, scale) for image in images]
    side = min(SIDE_PX, *(min(pixels.shape) for pixels, _ in seen))
    if side < LEAST_SIDE_PX:
        number = int(np.argmin([min(pixels.shape) for pixels, _ in seen]))
        raise InputError(
            f"{images[number].name}: {side} px a side as the network is to see it, and "
            f"{LEAST_SIDE_PX} are needed; leave it out, or give larger images"
        )
    each = max(1, MOST_FIELDS // len(images))
    pixels, sources = [], []
    for number, (picture, apart) in enumerate(seen):
        places = [
            (top, left)
            for top in _starts(picture.shape[0], side)
            for left in _starts(picture.shape[1], side)
            if apart[top : top + side, left : left + side].mean() <= DRAWN_SHARE
        ]
        if not places:
            continue
        chosen = np.linspace(0, len(places) - 1, min(each, len(places))).round().astype(int)
        for top, left in (places[place] for place in chosen):
            pixels.append(picture[top : top + side, left : left + side])
            sources.append(number)
    if not pixels:
        raise InputError("no part of the images is free of captions and of what is left out")
    return Fields(np.stack(pixels), tuple(sources), scale)


def _starts(length: int, side: int) -> list[int]:
    """Where fields begin along an axis: evenly, overlapping by less than a field."""
    number = max(1, round(length / side))
    return [int(start) for start in np.linspace(0, length - side, number).round()]


def _resized(image: GreyImage, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture at a scale, uint8, and where it is none, boolean, without data bars."""
    apart = np.zeros(image.pixels.shape, dtype=bool)
    for mask in (image.drawn, image.left_out):
        if mask is not None:
            apart |= mask
    pixels = image.pixels
    if image.window is not None:
        pixels, apart = pixels[image.window.rows_columns], apart[image.window.rows_columns]
    size = [max(1, round(scale * side)) for side in reversed(pixels.shape)]
    picture = Image.fromarray(pixels).resize((size[0], size[1]), Image.Resampling.BILINEAR)
    where = Image.fromarray(apart).resize((size[0], size[1]), Image.Resampling.NEAREST)
    return np.asarray(picture), np.asarray(where)
