"""Instances over an image: one colour each, filled lightly, with an outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from pycocotools import mask as coco_mask
from scipy import ndimage
from skimage import measure

from synthwire.figures.kit.style import INSTANCE_COLOURS


def choose_colours(
    masks: Sequence[np.ndarray], palette: Sequence[str] = INSTANCE_COLOURS, reach: int = 4
) -> list[str]:
    """A colour for each mask, so that masks which cross or touch differ where possible.

    Greedy, from the largest mask on: the colour least used by the neighbours (masks that overlap
    after growing by `reach` pixels), and among these the one least used so far.
    """
    if not masks:
        return []
    rles = [coco_mask.encode(np.asfortranarray(_grow(mask, reach))) for mask in masks]
    touching = np.asarray(coco_mask.iou(rles, rles, [0] * len(rles))) > 0
    return spread_colours(touching, [int(mask.sum()) for mask in masks], palette)


def spread_colours(
    touching: np.ndarray, areas: Sequence[float], palette: Sequence[str] = INSTANCE_COLOURS
) -> list[str]:
    """`choose_colours` for particles of given areas; touching[i, j]: whether two are neighbours."""
    order = sorted(range(len(areas)), key=lambda index: -areas[index])
    chosen: dict[int, int] = {}
    used = [0] * len(palette)
    for index in order:
        near = [0] * len(palette)
        for other, colour in chosen.items():
            near[colour] += bool(touching[index, other])
        colour = min(range(len(palette)), key=lambda c: (near[c], used[c], c))
        chosen[index] = colour
        used[colour] += 1
    return [palette[chosen[index]] for index in range(len(areas))]


def _grow(mask: np.ndarray, reach: int) -> np.ndarray:
    """The mask (as uint8) grown by `reach` pixels; works on its own part of the image only."""
    grown = np.zeros(mask.shape, dtype=np.uint8)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size:
        part = (
            slice(max(rows[0] - reach, 0), rows[-1] + reach + 1),
            slice(max(columns[0] - reach, 0), columns[-1] + reach + 1),
        )
        grown[part] = ndimage.binary_dilation(mask[part], iterations=reach)
    return grown


def contours(mask: np.ndarray) -> list[np.ndarray]:
    """Closed outlines (n, 2) of a mask as x, y in image coordinates (pixel = unit square).

    The outline follows half intensity between pixel centres; at the image's border it runs along
    the border.
    """
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return []
    top, left = rows[0], columns[0]
    cut = np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1].astype(float), 1)
    lines = []
    for line in measure.find_contours(cut, 0.5):
        x = line[:, 1] - 1 + 0.5 + left
        y = line[:, 0] - 1 + 0.5 + top
        lines.append(np.column_stack([np.clip(x, 0, width), np.clip(y, 0, height)]))
    return lines


def draw_outlines(
    ax: Axes,
    masks: Sequence[np.ndarray],
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
    pixels: np.ndarray, masks: Sequence[np.ndarray], colours: Sequence[str], opacity: float = 0.42
) -> np.ndarray:
    """RGB image (H, W, 3) with each mask laid over it; where masks cross, their colours mix."""
    image = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    total = np.zeros(image.shape, dtype=float)
    count = np.zeros(image.shape[:2], dtype=float)
    for mask, colour in zip(masks, colours, strict=True):
        total[mask] += np.asarray(to_rgb(colour)) * 255
        count[mask] += 1
    covered = count > 0
    blended = image.astype(float)
    mean = total[covered] / count[covered][:, None]
    blended[covered] = (1 - opacity) * blended[covered] + opacity * mean
    return np.clip(np.rint(blended), 0, 255).astype(np.uint8)
