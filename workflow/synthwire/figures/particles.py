"""The particles of one image, outlined and numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from PIL import Image

from synthwire.figures.kit import scales, style
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
) -> np.ndarray:
    """An image (height, width), uint8, with its masks outlined and numbered, and a scale bar.

    RGB, uint8: the image alone, without margins, magnified by a whole number or made smaller.
    """
    height, width = pixels.shape
    picture = _to_show(blend_instances(pixels, masks, colours, opacity=0.3))
    high, wide = picture.shape[:2]
    figure = Figure(figsize=(wide / SCREEN_DPI, high / SCREEN_DPI), dpi=SCREEN_DPI, frameon=False)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    draw_outlines(ax, masks, colours, linewidth=1.0)
    _write_names(ax, [_middle(mask) for mask in masks], names)
    scales.scale_bar(ax, pixels, pixel_size_nm)
    canvas = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    drawn = np.asarray(renderer.buffer_rgba())
    drawn[..., :3], drawn[..., 3] = picture, 255  # imshow would resample it, pixel by pixel
    figure.draw(renderer)
    return drawn[..., :3]


def _to_show(picture: np.ndarray) -> np.ndarray:
    """An RGB image magnified or made smaller for a screen."""
    longest = max(picture.shape[:2])
    if longest > LARGEST_OVERLAY_PX:
        high, wide = (round(side * LARGEST_OVERLAY_PX / longest) for side in picture.shape[:2])
        resized = Image.fromarray(picture).resize((wide, max(high, 1)), Image.Resampling.BILINEAR)
        return np.asarray(resized)
    magnified = max(1, round(SMALLEST_OVERLAY_PX / longest))
    return picture.repeat(magnified, axis=0).repeat(magnified, axis=1)


def _write_names(ax: Axes, places: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """White names with a black rim, each about its place (x, y); far quicker than texts of axes."""
    paths = [_centred(TextPath((0, 0), name, size=7)) for name in names]
    if paths:
        collection = PathCollection(
            np.repeat(np.array(paths, dtype=object), 2).tolist(),  # the rim, then the name itself
            facecolors="white",
            edgecolors="black",
            linewidths=[1.6, 0.0],
            joinstyle="round",
            offsets=np.repeat(places, 2, axis=0),
            offset_transform=ax.transData,
            transform=Affine2D().scale(SCREEN_DPI / 72),
            zorder=3,
        )
        ax.add_collection(collection, autolim=False)


def _centred(path: Path) -> Path:
    vertices, codes = np.asarray(path.vertices), np.asarray(path.codes)
    # A letter's curves end where it reaches furthest, so that their control points reach no
    # further; `get_extents` would look along each curve, at 1.6 ms a name.
    own = vertices[codes != Path.CLOSEPOLY]
    return Path(vertices - (own.min(axis=0) + own.max(axis=0)) / 2, codes)


def _middle(mask: Mask) -> tuple[float, float]:
    """A point (x, y) on the mask, as near to its centroid as it gets."""
    crop = as_crop(mask)
    rows, columns = np.nonzero(crop.pixels)
    rows, columns = rows + crop.top, columns + crop.left
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return columns[nearest] + 0.5, rows[nearest] + 0.5
