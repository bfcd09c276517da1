"""What an adaptation shows: fields side by side, their statistics, where two models disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.overlay import draw_outlines

BEFORE, AFTER = style.BLUE, style.VERMILLION
ROW_MM = 3.0  # a statistic's
COLUMNS = 5
LIMIT = 8.0  # tolerances, at which the axis ends


@dataclass(frozen=True)
class Disagreement:
    """A particle that one of two models finds: the image about it, uint8 (Y, X); its mask; what the
    first and the second model find there; whether it is the second's.
    """

    image: np.ndarray
    mask: np.ndarray
    first: Sequence[np.ndarray]
    second: Sequence[np.ndarray]
    new: bool


@style.styled
def draw_fields(rows: Mapping[str, Sequence[np.ndarray]]) -> style.Drawing:
    """Rows of fields, uint8 (side, side), each with its name above its first."""
    figure, axes = layout.image_grid([[1.0] * len(row) for row in rows.values()], gap_mm=1.5)
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        line[0].set_title(name, loc="left")
        for ax, pixels in zip(line, row, strict=True):
            ax.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    return style.Drawing(figure)


@style.styled
def draw_likeness(table: pd.DataFrame) -> style.Drawing:
    """Differences of statistics from those of the images, in tolerances, before and after a fit.

    table: columns statistic (group.name), before, after.
    """
    height = ROW_MM * len(table)
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, height + 18)
    ax = layout.add_axes_mm(figure, 42, 6, style.DOUBLE_COLUMN_MM - 46, height)
    places = -np.arange(len(table))
    ax.axvspan(-2, 2, color=style.PALE_GREY, linewidth=0, alpha=0.6)
    ax.axvline(0, color=style.GREY, linewidth=0.6)
    for name, colour, marker in (("before", BEFORE, "o"), ("after", AFTER, "D")):
        shown = np.clip(table[name], -LIMIT, LIMIT)
        ax.plot(shown, places, marker, color=colour, markersize=2.8)
    for place, row in zip(places, table.itertuples(), strict=True):
        ends = np.clip([row.before, row.after], -LIMIT, LIMIT)
        ax.plot(ends, [place, place], color=style.GREY, linewidth=0.4, zorder=1)
    ax.set_yticks(places, [text.replace(".", ": ", 1) for text in table["statistic"]])
    ax.set_ylim(-len(table) + 0.3, 0.7)
    ax.set_xlim(-LIMIT - 0.4, LIMIT + 0.4)
    ax.set_xlabel("synthetic less yours, in tolerances")
    ax.legend(
        [Line2D([], [], color=c, marker=m, linestyle="") for c, m in ((BEFORE, "o"), (AFTER, "D"))],
        ["what the bundled model learnt from", "what the new model learnt from"],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
    )
    return style.Drawing(figure, table)


@style.styled
def draw_disagreements(items: Sequence[Disagreement]) -> style.Drawing:
    """Cut-outs about particles that only one of two models finds, the first's blue."""
    rows = [items[start : start + COLUMNS] for start in range(0, len(items), COLUMNS)]
    shapes = [[1.0] * COLUMNS for _ in rows]
    figure, axes = layout.image_grid(shapes, gap_mm=2.0)
    for line, row in zip(axes, rows, strict=True):
        for ax, item in zip(line, row, strict=False):
            ax.imshow(item.image, cmap="gray", vmin=0, vmax=255, aspect="equal")
            draw_outlines(ax, list(item.first), BEFORE, linewidth=0.5)
            draw_outlines(ax, list(item.second), AFTER, linewidth=0.5)
            draw_outlines(ax, [item.mask], AFTER if item.new else BEFORE, linewidth=1.3)
            ax.set_title("new model only" if item.new else "bundled model only", loc="left")
    return style.Drawing(figure)
