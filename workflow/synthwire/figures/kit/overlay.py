"""Instances over an image: one colour each, filled lightly, with an outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from scipy import ndimage
from skimage import measure

from synthwire.figures.kit.style import INSTANCE_COLOURS
from synthwire.io.masks import MaskCrop, encode_crop, overlaps

BAND_ROWS = 256


Mask = np.ndarray | MaskCrop  # boolean (height, width), or the part of one that holds it


def choose_colours(
    masks: Sequence[Mask], palette: Sequence[str] = INSTANCE_COLOURS, reach: int = 4
) -> list[str]:
    """A colour for each mask, so that masks which cross or touch differ where possible.

    Greedy, from the largest mask on: the colour least used by the neighbours (masks that overlap
    after growing by `reach` pixels), and among these the one least used so far.
    """
    if not masks:
        return []
    crops = [as_crop(mask) for mask in masks]
    rles = [_grown(crop, reach) for crop in crops]
    return spread_colours(
        overlaps(rles, rles) > 0, [int(crop.pixels.sum()) for crop in crops], palette
    )


def distinct_colours(count: int) -> list[str]:
    """So many colours, no two alike: the palette, then the palette lighter, then darker."""
    own = np.array([to_rgb(colour) for colour in INSTANCE_COLOURS])
    shades = np.concatenate([own, 0.5 + 0.5 * own, 0.6 * own])
    return [to_hex(colour) for colour in shades[:count]]


def as_crop(mask: Mask) -> MaskCrop:
    """A mask in its bounding box."""
    return mask if isinstance(mask, MaskCrop) else MaskCrop.of(mask)


def spread_colours(
    touching: np.ndarray,
    areas: Sequence[float],
    palette: Sequence[str] = INSTANCE_COLOURS,
    known: Sequence[str] = (),
) -> list[str]:
    """`choose_colours` for particles of given areas; touching[i, j]: whether two are neighbours.

    known: colours that the first particles have already.
    """
    order = sorted(range(len(known), len(areas)), key=lambda index: -areas[index])
    chosen = {index: palette.index(colour) for index, colour in enumerate(known)}
    used = [known.count(colour) for colour in palette]
    for index in order:
        near = [0] * len(palette)
        for other, colour in chosen.items():
            near[colour] += bool(touching[index, other])
        colour = min(range(len(palette)), key=lambda c: (near[c], used[c], c))
        chosen[index] = colour
        used[colour] += 1
    return [palette[chosen[index]] for index in range(len(areas))]


def _grown(crop: MaskCrop, reach: int) -> dict:
    """RLE of a mask grown by `reach` pixels."""
    pixels, top, left, (height, width) = crop
    if not pixels.size:
        return encode_crop(pixels, 0, 0, height, width)
    before = min(top, reach), min(left, reach)
    after = (
        min(height - top - pixels.shape[0], reach),
        min(width - left - pixels.shape[1], reach),
    )
    padded = np.pad(pixels, list(zip(before, after, strict=True)))
    grown = ndimage.binary_dilation(padded, iterations=reach)
    return encode_crop(grown, top - before[0], left - before[1], height, width)


def contours(mask: Mask) -> list[np.ndarray]:
    """Closed outlines (n, 2) of a mask as x, y in image coordinates (pixel = unit square).

    The outline follows half intensity between pixel centres; at the image's border it runs along
    the border.
    """
    pixels, top, left, (height, width) = as_crop(mask)
    if not pixels.size:
        return []
    cut = np.pad(pixels.astype(float), 1)
    lines = []
    for line in measure.find_contours(cut, 0.5):
        x = line[:, 1] - 1 + 0.5 + left
        y = line[:, 0] - 1 + 0.5 + top
        lines.append(np.column_stack([np.clip(x, 0, width), np.clip(y, 0, height)]))
    return lines


def draw_outlines(
    ax: Axes,
    masks: Sequence[Mask],
    colours: Sequence[str] | str,
    *,
    linewidth: float = 0.7,
    dashed: bool = False,
) -> None:
    """Draw the outlines of masks as vector lines."""
    if isinstance(colours, str):
        colours = [colours] * len(masks)
    segments, line_colours = [], []
    for mask, colour in zip(masks, colours, strict=True):
        for line in contours(mask):
            segments.append(line)
            line_colours.append(colour)
    ax.add_collection(
        LineCollection(
            segments,
            colors=line_colours,
            linewidths=linewidth,
            linestyles=[(0, (2.2, 1.6))] if dashed else "solid",
            capstyle="butt" if dashed else "round",
        ),
        autolim=False,
    )


def blend_instances(
    pixels: np.ndarray, masks: Sequence[Mask], colours: Sequence[str], opacity: float = 0.42
) -> np.ndarray:
    """RGB image (H, W, 3) with each mask laid over it; where masks cross, their colours mix."""
    image = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    blended = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    crops = [as_crop(mask) for mask in masks]
    for top in range(0, len(image), BAND_ROWS):  # of a large image not all in 64 bits at once
        band = image[top : top + BAND_ROWS]
        total = np.zeros(band.shape, dtype=float)
        count = np.zeros(band.shape[:2], dtype=float)
        for crop, colour in zip(crops, colours, strict=True):
            first = max(crop.top, top)
            part = crop.pixels[first - crop.top : top + BAND_ROWS - crop.top]
            if first >= top + BAND_ROWS or not part.size:
                continue
            place = slice(first - top, first - top + len(part)), crop.place[1]
            total[place][part] += np.asarray(to_rgb(colour)) * 255
            count[place][part] += 1
        covered = count > 0
        mean = total[covered] / count[covered][:, None]
        mixed = (1 - opacity) * band[covered].astype(float) + opacity * mean
        blended[top : top + BAND_ROWS][covered] = np.clip(np.rint(mixed), 0, 255)
    return blended
