"""Two groups of images beside each other: distributions, lengths beyond the edge, differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import plot_distribution
from synthwire.particles.population import survival

MOST_PERCENT = 200.0  # a wider interval says nothing, and would press the others together
COLOURS = (style.BLUE, style.VERMILLION)


@style.styled
def draw_groups(
    particles: dict[str, pd.DataFrame], differences: pd.DataFrame, unit: str
) -> style.Drawing:
    """(a) widths, (b) lengths corrected for what the edge cuts, (c) differences in percent.

    Black intervals in (c) leave out zero. Those wider than 200 % are not drawn.

    particles: rows of `result.PARTICLE_COLUMNS` of each of two groups, by its name. differences:
    the table of `segmentation.groups.compare`. unit: nm or px.
    """
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 68.0)
    widths, lengths = (layout.add_axes_mm(figure, x, 8.0, 42.0, 44.0) for x in (12.5, 68.0))
    forest = layout.add_axes_mm(figure, 150.0, 8.0, 31.0, 44.0)
    colours = dict(zip(particles, COLOURS, strict=True))
    series = {
        name: table[f"mean_width_{unit}"].dropna().to_numpy(dtype=float)
        for name, table in particles.items()
    }
    tables = []
    if all(len(values) for values in series.values()):
        found = plot_distribution(widths, series, "log", unit, colours=colours)
        found = found.rename(columns={"from": "x", "value": "y"})[["series", "kind", "x", "y"]]
        tables.append(found.assign(panel="a"))
    widths.set_xlabel(f"Width ({unit})")
    layout.panel_letter(widths, "a", "widths", **layout.CHART_LETTER)
    for name, table in particles.items():
        known = table.dropna(subset=[f"line_length_{unit}"])
        x, y = survival(
            known[f"line_length_{unit}"].to_numpy(dtype=float),
            known["touches_border"].to_numpy(dtype=bool),
        )
        x, y = np.append(0.0, x), np.append(1.0, y)
        lengths.step(x, y, where="post", color=colours[name], label=f"{name} (n = {len(table)})")
        tables.append(pd.DataFrame({"panel": "b", "series": name, "kind": "share", "x": x, "y": y}))
    lengths.set_xlabel(f"Length ({unit})")
    lengths.set_ylabel("Share of longer wires")
    lengths.set_xlim(left=0)
    lengths.set_ylim(0, 1.02)
    layout.panel_letter(lengths, "b", "the edge's cuts allowed for", **layout.CHART_LETTER)
    tables.append(_forest(forest, differences))
    handles, labels = lengths.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower left", ncols=2, bbox_to_anchor=(0.06, 0.0))
    facts = {"groups": list(particles), "unit": unit}
    return style.Drawing(figure, pd.concat(tables, ignore_index=True), facts)


def _forest(ax: Axes, differences: pd.DataFrame) -> pd.DataFrame:
    wide = differences["percent_high"].astype(float) - differences["percent_low"].astype(float)
    rows = differences[wide <= MOST_PERCENT].reset_index(drop=True)
    place = np.arange(len(rows))[::-1]
    certain = (rows["low"] > 0) | (rows["high"] < 0)
    for y, row, sure in zip(place, rows.to_dict("records"), certain, strict=True):
        colour = style.BLACK if sure else style.GREY
        ax.plot([row["percent_low"], row["percent_high"]], [y, y], color=colour, linewidth=0.9)
        ax.plot(row["percent"], y, "o", color=colour, markersize=2.6)
    ax.axvline(0, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 2)))
    names = rows["measure"].str.replace("_", " ") + ": " + rows["statistic"]
    ax.set_yticks(place, names, fontsize=5.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Second over first (%)")
    ax.set_ylim(-0.7, len(rows) - 0.3)
    layout.panel_letter(ax, "c", "differences, 95 %", inset_mm=0.0, rise_pt=5.5)
    return pd.DataFrame({"panel": "c", "series": names, "kind": "percent", "y": rows["percent"]})
