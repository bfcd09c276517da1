"""A model's AP against one imaging condition at a time, one panel a condition."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase

import pandas as pd
from matplotlib.lines import Line2D

from synthwire.errors import InputError
from synthwire.figures.kit import layout, style

COLUMNS = 3
PANEL_MM = (44.0, 34.0)
GAP_MM = (16.0, 17.0)


@style.styled
def draw_conditions(tables: Mapping[str, pd.DataFrame]) -> style.Drawing:
    """Mask AP and AP50 over each condition, for one or several models.

    tables: {model: result of `diagnosis.diagnose`}, all with the same conditions.
    """
    if not tables:
        raise InputError("conditions: no model to draw")
    colours = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE)
    if len(tables) > len(colours):
        raise InputError(f"conditions: {len(tables)} models; at most {len(colours)} in one figure")
    first = next(iter(tables.values()))
    conditions = list(dict.fromkeys(first["condition"]))
    rows = -(-len(conditions) // COLUMNS)
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 2 + rows * (PANEL_MM[1] + GAP_MM[1]))
    handles: list[tuple[Line2D, str]] = []
    for number, condition in enumerate(conditions):
        row, column = divmod(number, COLUMNS)
        ax = layout.add_axes_mm(
            figure,
            12 + column * (PANEL_MM[0] + GAP_MM[0]),
            7 + row * (PANEL_MM[1] + GAP_MM[1]),
            *PANEL_MM,
        )
        handles = []
        for (model, table), colour in zip(tables.items(), colours, strict=False):
            part = table[table["condition"] == condition]
            for column_name, line, name in (
                ("ap_segm", "-", "AP"),
                ("ap50_segm", "--", "AP50"),
            ):
                (handle,) = ax.plot(
                    part["value"],
                    part[column_name],
                    line,
                    color=colour,
                    marker="o",
                    markersize=2.5,
                    clip_on=False,
                )
                handles.append((handle, f"{model}, {name}"))
        part = first[first["condition"] == condition]
        label, unit = part["label"].iloc[0], part["unit"].iloc[0]
        ax.set_xlabel(f"{label} ({unit})" if unit else label)
        ax.set_ylim(0, 100)
        if column == 0:
            ax.set_ylabel("Mask AP (%)")
        layout.panel_letter(ax, ascii_lowercase[number], **layout.CHART_LETTER)
    free = len(conditions) % COLUMNS
    if free:
        ax = layout.add_axes_mm(
            figure,
            12 + free * (PANEL_MM[0] + GAP_MM[0]),
            7 + (rows - 1) * (PANEL_MM[1] + GAP_MM[1]),
            *PANEL_MM,
        )
        ax.set_axis_off()
        ax.legend(*zip(*handles, strict=True), loc="upper left", handlelength=3)
    else:
        figure.axes[0].legend(*zip(*handles, strict=True), loc="lower left", handlelength=3)
    data = pd.concat([table.assign(model=model) for model, table in tables.items()])
    facts = {"models": list(tables), "images": int(first["images"].max())}
    return style.Drawing(figure, data, facts)
