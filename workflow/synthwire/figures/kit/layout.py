"""Where things stand in a figure: axes in millimetres, rows of images, panel letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synthwire.figures.kit.style import DOUBLE_COLUMN_MM, DPI, MM_PER_INCH

TITLE_MM = 4.6
# clear of the uppermost tick label
CHART_LETTER: dict[str, Any] = {"inset_mm": 9.0, "rise_pt": 5.5}


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """An empty figure of a given size, free of pyplot's global state."""
    return Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=DPI)


def add_axes_mm(
    figure: Figure, left: float, top: float, width: float, height: float, **more: Any
) -> Axes:
    """Axes placed in millimetres from the figure's upper left corner."""
    figure_width, figure_height = (side * MM_PER_INCH for side in figure.get_size_inches())
    return figure.add_axes(
        (
            left / figure_width,
            1 - (top + height) / figure_height,
            width / figure_width,
            height / figure_height,
        ),
        **more,
    )


def image_grid(
    rows: Sequence[Sequence[float]],
    width_mm: float = DOUBLE_COLUMN_MM,
    gap_mm: float = 2.5,
    below_mm: float = 0.0,
    max_height_mm: float = 88.0,
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of rows of images, each row filling the width, with room for a title above each.

    rows: the aspect ratio (width / height) of each image. The images of one row have the same
        height, at most `max_height_mm` (a row that would be higher is narrower and centred).
    below_mm: free room at the foot of the figure (for a legend).
    Returns the figure and its axes, row by row; axes have no frame and no ticks.
    """
    heights = [min((width_mm - gap_mm * (len(row) - 1)) / sum(row), max_height_mm) for row in rows]
    total = sum(heights) + len(rows) * TITLE_MM + (len(rows) - 1) * gap_mm + below_mm
    figure = new_figure(width_mm, total)
    axes = []
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        top += TITLE_MM
        row_width = height * sum(row) + gap_mm * (len(row) - 1)
        left = (width_mm - row_width) / 2
        line = []
        for aspect in row:
            ax = add_axes_mm(figure, left, top, height * aspect, height)
            ax.set_axis_off()
            line.append(ax)
            left += height * aspect + gap_mm
        axes.append(line)
        top += height + gap_mm
    return figure, axes


def panel_letter(
    ax: Axes, letter: str, title: str = "", inset_mm: float = 0.0, rise_pt: float = 2.2
) -> None:
    """A bold panel letter at the upper left of the axes, followed by a short title.

    inset_mm: how far left of the axes the letter stands (over the axis labels of a chart);
    rise_pt: how far above them.
    """

    def offset(points: float, rise: float) -> mpl.transforms.Transform:
        return ax.transAxes + mpl.transforms.ScaledTranslation(
            points / 72 - inset_mm / MM_PER_INCH, rise / 72, ax.figure.dpi_scale_trans
        )

    place: dict[str, Any] = {"va": "bottom", "ha": "left"}
    ax.text(0, 1, letter, transform=offset(0, rise_pt), fontsize=8, fontweight="bold", **place)
    if title:
        room = 12 if letter in "mw" else 10
        ax.text(0, 1, title, transform=offset(room, rise_pt + 0.5), **place)


def show_image(ax: Axes, pixels: np.ndarray) -> None:
    """Show a grey (H, W) or RGB (H, W, 3) 8-bit image as it is, without stretching its contrast.

    The axes' coordinates are pixels with the origin at the upper left corner, pixel (column i,
    row j) covering [i, i+1] × [j, j+1], as in the outlines.
    """
    height, width = pixels.shape[:2]
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0), aspect="auto")
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
