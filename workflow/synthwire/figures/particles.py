"""The particles of one image, outlined and numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure

from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import (
    Mask,
    as_crop,
    blend_instances,
    draw_outlines,
)

# An overlay is looked at on a screen: small images are magnified, and none is larger than this.
SMALLEST_OVERLAY_PX = 1000  # about
LARGEST_OVERLAY_PX = 4000
SCREEN_DPI = 100


@style.styled
def draw_particles(
    pixels: np.ndarray,
    masks: Sequence[Mask],
    names: Sequence[str],
    colours: Sequence[str],
    pixel_size_nm: tuple[float, float] | None = None,
) -> Figure:
    """An image (height, width), uint8, with its masks outlined and numbered, and a scale bar.

    The figure is the image alone, without margins, magnified by a whole number or made smaller.
    """
    height, width = pixels.shape
    longest = max(height, width)
    magnified = max(1, round(SMALLEST_OVERLAY_PX / longest))
    dots = magnified if longest <= LARGEST_OVERLAY_PX else LARGEST_OVERLAY_PX / longest
    figure = Figure(figsize=(width * dots / SCREEN_DPI, height * dots / SCREEN_DPI), dpi=SCREEN_DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    layout.show_image(ax, blend_instances(pixels, masks, colours, opacity=0.3))
    draw_outlines(ax, masks, colours, linewidth=1.0)
    for mask, name in zip(masks, names, strict=True):
        x, y = _middle(mask)
        label = ax.text(x, y, name, color="white", fontsize=7, ha="center", va="center")
        label.set_path_effects([patheffects.withStroke(linewidth=1.6, foreground="black")])
    scales.scale_bar(ax, pixels, pixel_size_nm)
    return figure


def _middle(mask: Mask) -> tuple[float, float]:
    """A point (x, y) on the mask, as near to its centroid as it gets."""
    crop = as_crop(mask)
    rows, columns = np.nonzero(crop.pixels)
    rows, columns = rows + crop.top, columns + crop.left
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return columns[nearest] + 0.5, rows[nearest] + 0.5
