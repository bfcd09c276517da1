"""AP against one imaging parameter at a time: where a model breaks."""

from __future__ import annotations

import string

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures import style

COLUMNS = ("parameter", "unit", "value", "model", "ap", "low", "high")
COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, "#B57B00", style.PURPLE, style.BLACK)
LINES = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
PER_ROW = 3


@style.styled
def draw_diagnosis(table: pd.DataFrame, label: str) -> style.Drawing:
    """Mask AP against each parameter, one panel a parameter, one line a model.

    table: one row a measurement, with the columns of `COLUMNS`: what was varied (for people, as
        "Noise"), its unit ("" for none), its value, the model, mask AP in percent and its interval
        (NaN for none). `label`: the images that were varied.
    InputError names a missing column.
    """
    for column in COLUMNS:
        if column not in table:
            raise InputError(f"diagnosis of {label}: column '{column}' is missing")
    if table.empty:
        raise InputError(f"diagnosis of {label}: no measurement is given")
    parameters = list(dict.fromkeys(table["parameter"]))
    models = list(dict.fromkeys(table["model"]))
    rows = -(-len(parameters) // PER_ROW)
    figure = style.new_figure(style.DOUBLE_COLUMN_MM, rows * 51.0 + 8.0)
    top = 5.0 * np.ceil(1.04 * np.nanmax(table[["ap", "high"]].to_numpy(float)) / 5 + 1e-9)
    handles = {}
    for number, parameter in enumerate(parameters):
        row, column = divmod(number, PER_ROW)
        ax = style.add_axes_mm(figure, 11.5 + column * 61, 7 + row * 51, 46, 34)
        part = table[table["parameter"] == parameter]
        for index, model in enumerate(models):
            own = part[part["model"] == model].sort_values("value")
            colour = COLOURS[index % len(COLOURS)]
            (handles[model],) = ax.plot(
                own["value"],
                own["ap"],
                color=colour,
                linestyle=LINES[index % 4],
                marker="o",
                markersize=2.6,
            )
            known = own.dropna(subset=["low", "high"])
            ax.fill_between(
                known["value"], known["low"], known["high"], color=colour, alpha=0.15, linewidth=0
            )
        unit = part["unit"].iloc[0]
        ax.set_xlabel(f"{parameter} ({unit})" if unit else parameter)
        ax.set_ylabel("AP mask (%)")
        ax.set_ylim(0, top)
        ax.grid(axis="y", color="#E6E6E6", linewidth=0.4)
        ax.set_axisbelow(True)
        style.panel_letter(ax, string.ascii_lowercase[number], **style.CHART_LETTER)
    figure.legend(
        handles.values(),
        [f"Model {model}" for model in handles],
        loc="lower center",
        ncols=min(len(handles), 5),
        handlelength=2.4,
    )
    spans = table.groupby("parameter", sort=False)["ap"].agg(lambda ap: float(np.ptp(ap)))
    facts = {
        "label": label,
        "parameters": parameters,
        "models": models,
        "intervals": bool(table["low"].notna().any()),
        "range": spans.to_dict(),
    }
    return style.Drawing(figure, table[list(COLUMNS)].reset_index(drop=True), facts)
