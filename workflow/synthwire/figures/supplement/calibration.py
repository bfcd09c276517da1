"""Reliability diagram and abstention curves."""

from __future__ import annotations

import pandas as pd

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import legend_below, percent_axis, series_looks

ERRORS = {
    "count_error": {"linestyle": "-"},
    "median_area_error": {"linestyle": ":", "markerfacecolor": "none"},
}


@style.styled
def draw_calibration(
    rows: pd.DataFrame, curves: pd.DataFrame, handed: pd.DataFrame
) -> style.Drawing:
    """(a) Precision against score, a line an image set, of the first method; (b) mask AP and
    (c) the errors of count (full) and median area (dotted), against the share handed to a person.

    What is drawn is what `measure_calibration` gives.
    """
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 66)
    axes = [layout.add_axes_mm(figure, 11.5 + number * 61, 7, 46, 41) for number in range(3)]
    method = rows["method"].iloc[0]
    looks = series_looks(dict.fromkeys(rows["label"]))
    axes[0].plot([0, 100], [0, 100], color=style.GREY, linewidth=0.6)
    for label, look in looks.items():
        part = curves[(curves["label"] == label) & (curves["method"] == method)]
        axes[0].vlines(
            100 * part["score"],
            100 * part["low"],
            100 * part["high"],
            color=look["color"],
            linewidth=0.6,
        )
        axes[0].plot(100 * part["score"], 100 * part["precision"], **look)
        part = handed[handed["label"] == label]
        axes[1].plot(100 * part["share"], part["ap_segm"], **look)
        for error, kind in ERRORS.items():
            axes[2].plot(100 * part["share"], part[error], **{**look, **kind})
    for ax, letter, label in zip(axes[:2], "ab", ("Precision (%)", "AP mask (%)"), strict=True):
        percent_axis(ax, letter, label)
    axes[0].set_xlabel("Score (%)")
    axes[0].set_xlim(0, 102)
    axes[2].axhline(0, color=style.GREY, linewidth=0.6)
    axes[2].set_ylabel("Error (%)")
    layout.panel_letter(axes[2], "c", **layout.CHART_LETTER)
    for ax in axes[1:]:
        ax.set_xlabel("Handed to a person (%)")
    errors = {
        error.removesuffix("_error").replace("_", " "): {"color": style.GREY, "marker": "o", **kind}
        for error, kind in ERRORS.items()
    }
    legend_below(figure, {**looks, **errors})
    facts = {
        "method": method,
        "rows": rows.to_dict("records"),
        "handed": handed.to_dict("records"),
        "methods": list(dict.fromkeys(rows["method"])),
    }
    return style.Drawing(figure, curves, facts)
