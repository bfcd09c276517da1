"""A control chart of the mean size of a stream of images."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from synthwire.figures.kit import layout, style


@style.styled
def draw_control_chart(table: pd.DataFrame, quantity: str, limit: float) -> style.Drawing:
    """(a) each image's mean and the running mean, with changes; (b) the cumulative sums.

    table: rows of the watch's statistics.csv: columns `mean`, `running_mean`, `cusum_up`,
        `cusum_down`, `change` (empty, or "up" or "down" where the alarm is) and `since` (number of
        the first image after the change, from 1). quantity: what the mean is of, with its unit.
    """
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 84.0)
    upper = layout.add_axes_mm(figure, 14.0, 7.0, 164.0, 34.0)
    lower = layout.add_axes_mm(figure, 14.0, 51.0, 164.0, 20.0)
    number = np.arange(1, len(table) + 1)
    upper.plot(number, table["mean"], "o", color=style.GREY, markersize=2.5, label="image")
    alarms = table["change"].isin(["up", "down"]).to_numpy()
    for state in np.unique(np.cumsum(alarms)):  # the running mean starts anew with each alarm
        within = np.cumsum(alarms) == state
        upper.plot(
            number[within],
            table["running_mean"][within],
            ".-",
            color=style.BLUE,
            markersize=2,
            label="running mean" if state == 0 else None,
        )
    lower.plot(number, table["cusum_up"], color=style.VERMILLION, label="upwards")
    lower.plot(number, -table["cusum_down"], color=style.GREEN, label="downwards")
    for sign in (1, -1):
        lower.axhline(sign * limit, color=style.BLACK, linewidth=0.6, linestyle=(0, (4, 2)))
    lower.axhline(0, color=style.BLACK, linewidth=0.4)
    lower.plot(
        number[alarms],
        np.where(table["change"] == "up", table["cusum_up"], -table["cusum_down"])[alarms],
        "D",
        color=style.BLACK,
        label="alarm",
    )
    changes = table[alarms]
    for since in changes["since"]:
        for ax in (upper, lower):
            ax.axvline(since - 0.5, color=style.PURPLE, linewidth=0.9)
    if len(changes):
        upper.plot([], [], color=style.PURPLE, linewidth=0.9, label="change, as estimated")
    for ax in (upper, lower):
        ax.set_xlim(0.5, max(len(table), 1) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    upper.set_ylabel(quantity)
    lower.set_ylabel("CUSUM (σ)")
    lower.set_xlabel("Image")
    count = f"{len(changes)} change{'s' * (len(changes) != 1)} in {len(table)} images"
    layout.panel_letter(upper, "a", count, **layout.CHART_LETTER)
    layout.panel_letter(lower, "b", f"alarm beyond ±{limit:g}", **layout.CHART_LETTER)
    handles = [*upper.get_legend_handles_labels()[0], *lower.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), columnspacing=2.0)
    return style.Drawing(figure, table.reset_index(drop=True), {"changes": len(changes)})
