"""Variants of one training side by side, a panel a set of test images."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd

from synthwire.figures.kit import layout, style

ROW_MM = 5.0
ABOVE_MM, BELOW_MM = 7.0, 11.0
GAP_MM = 4.0
LETTER_MM = 1.25  # of the names on the left, about
LONGEST = 30  # letters of a line of them


@style.styled
def draw_comparison(
    rows: pd.DataFrame,
    labels: Mapping[str, str],
    tests: Mapping[str, str],
    *,
    heading: str,
    reference: str | None,
    differences: bool,
) -> style.Drawing:
    """Mask AP of each variant with its interval or, with `differences`, its distance from the
    reference's; a panel a test, a line a variant.

    rows: what `compare_variants` gives; labels: variant → name; tests: test → name; heading: what
    the variants are. Intervals that leave out zero are black.
    """
    shown = [key for key in labels if not (differences and key == reference)]
    height = ABOVE_MM + ROW_MM * len(shown) + BELOW_MM
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, height)
    lines = {key: textwrap.wrap(labels[key], LONGEST) for key in shown}
    longest = max(-(-len(heading) // 2) + 3, *(len(line) for own in lines.values() for line in own))
    left = 4 + LETTER_MM * longest
    room = style.DOUBLE_COLUMN_MM - left - 2
    width = room / len(tests) - GAP_MM
    names = ("difference", "difference_low", "difference_high")
    columns = names if differences else ("ap_segm", "low", "high")
    places = np.arange(len(shown))[::-1]
    for number, (test, name) in enumerate(tests.items()):
        ax = layout.add_axes_mm(
            figure, left + number * (width + GAP_MM), ABOVE_MM, width, ROW_MM * len(shown)
        )
        part = rows[rows["test"] == test].set_index("variant")
        for place, key in zip(places, shown, strict=True):
            value, low, high = part.loc[key, list(columns)].astype(float)
            sure = not differences or low > 0 or high < 0
            colour = style.BLACK if sure else style.GREY
            ax.plot([low, high], [place, place], color=colour, linewidth=0.9)
            ax.plot(value, place, "o", color=colour, markersize=3.0)
        line = 0.0 if differences else None
        if not differences and reference is not None:
            line = float(part.loc[reference, "ap_segm"])
        if line is not None:
            ax.axvline(line, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 2)))
        ax.set_ylim(-0.6, len(shown) - 0.4)
        ax.set_yticks(
            places,
            ["\n".join(lines[key]) if number == 0 else "" for key in shown],
            linespacing=1,
        )
        ax.tick_params(axis="y", length=0)
        if number == 0:
            above = mpl.transforms.ScaledTranslation(-4 / 72, 2 / 72, figure.dpi_scale_trans)
            place = {"ha": "right", "va": "bottom", "transform": ax.transAxes + above}
            ax.text(0, 1, textwrap.fill(heading, longest), **place, fontsize=6, linespacing=1)
        ax.set_xlabel("AP mask, difference" if differences else "AP mask (%)")
        layout.panel_letter(ax, string.ascii_lowercase[number], name, rise_pt=4.0)
    facts = {
        "heading": heading,
        "differences": differences,
        "reference": labels.get(reference) if reference else None,
        "repetitions": int(rows["repetitions"].min()),
        "tests": [
            {"label": name, **_said_of(rows[rows["test"] == test], labels, reference)}
            for test, name in tests.items()
        ],
    }
    return style.Drawing(figure, rows.assign(label=rows["variant"].map(labels)), facts)


def _said_of(part: pd.DataFrame, labels: Mapping[str, str], reference: str | None) -> dict:
    """The best variant of a test, the reference's AP, and differences that are no chance."""
    best = part.loc[part["ap_segm"].idxmax()]
    sure = part[(part["difference_low"] > 0) | (part["difference_high"] < 0)]
    own = part.loc[part["variant"] == reference, "ap_segm"]
    return {
        "best": labels[best["variant"]],
        "best_ap": float(best["ap_segm"]),
        "reference_ap": float(own.iloc[0]) if len(own) else None,
        "sure": [
            {
                "label": labels[row.variant],
                "difference": float(row.difference),
                "low": float(row.difference_low),
                "high": float(row.difference_high),
            }
            for row in sure.sort_values("difference").itertuples()
        ],
        "unsure": int(part["difference"].notna().sum()) - len(sure),
    }
