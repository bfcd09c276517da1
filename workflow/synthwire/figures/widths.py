"""Width along wires: how even they are, and what mask and intensity say of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import plot_distribution

BINS = 20  # along the wires
MOST_DRAWN = 400  # wires; more would be a grey block
KINDS = {
    "width": ("by mask", style.BLUE),
    "fwhm": ("by intensity (FWHM)", style.VERMILLION),
}


@style.styled
def draw_widths(points: pd.DataFrame, particles: pd.DataFrame) -> style.Drawing:
    """(a) width along each wire, and the median of all; (b) FWHM against mask; (c) taper.

    points: rows of `line_table.POINT_COLUMNS` with a column `wire` that tells wires of several
    images apart. particles: rows of `result.PARTICLE_COLUMNS`. In nm where every pixel size is
    known, else in px.
    """
    known = len(particles) > 0 and particles["line_length_nm"].notna().all()
    unit = "nm" if known else "px"
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 54.0)
    places = ((12.5, 62.0), (90.0, 36.0), (141.0, 36.0))
    axes = [layout.add_axes_mm(figure, left, 7.5, width, 31.0) for left, width in places]
    tables = [_along(axes[0], points, unit)]
    tables.append(_against(axes[1], particles, unit))
    taper = particles["taper"].dropna().to_numpy(dtype=float)
    axes[2].set_xlabel("Taper (nm per nm)" if known else "Taper (px per px)")
    if len(taper):
        found = plot_distribution(
            axes[2], {"taper": taper}, "linear", "1", colours={"taper": style.BLUE}, lower=0.0
        )
        tables.append(
            found.rename(columns={"series": "wire", "from": "x", "value": "y"}).assign(panel="c")
        )
    title = f"median {np.median(taper):.3f}" if len(taper) else "no wires"
    layout.panel_letter(axes[2], "c", title, **layout.CHART_LETTER)
    data = pd.concat(tables, ignore_index=True)[["panel", "wire", "kind", "x", "y"]]
    return style.Drawing(figure, data, {"wires": int(points["wire"].nunique()), "unit": unit})


def _along(ax: Axes, points: pd.DataFrame, unit: str) -> pd.DataFrame:
    ends = points.groupby("wire")["along_px"].transform("max")
    place = (points["along_px"] / ends).where(ends > 0, 0.0)  # a line may be one point
    tables = []
    for column, (label, colour) in KINDS.items():
        values = points[f"{column}_{unit}"]
        drawn = [
            np.column_stack([place[group.index], group])
            for _, group in values.groupby(points["wire"])
        ][:MOST_DRAWN]
        ax.add_collection(LineCollection(drawn, colors=colour, linewidths=0.3, alpha=0.2))
        bins = np.minimum((place * BINS).astype(int), BINS - 1) if len(points) else place
        groups = values.groupby(bins)
        low, median, high = (groups.quantile(share).to_numpy() for share in (0.25, 0.5, 0.75))
        if not len(median):
            continue
        middle = (np.array(sorted(groups.groups)) + 0.5) / BINS
        ax.plot(middle, median, color=colour, linewidth=1.6, label=label)
        ax.fill_between(middle, low, high, color=colour, alpha=0.15, linewidth=0)
        table = pd.DataFrame({"x": middle, "y": median})
        tables.append(table.assign(wire="median", kind=column, panel="a"))
    ax.set_xlim(0, 1)
    highest = points[[f"{column}_{unit}" for column in KINDS]].quantile(0.99).max()
    if np.isfinite(highest) and highest > 0:
        ax.set_ylim(0, 1.15 * highest)
    ax.set_xlabel("Place along the wire, from its wider end (of its length)")
    ax.set_ylabel(f"Width ({unit})")
    if tables:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=2)
    wires = points["wire"].nunique()
    count = f"{wires} wire{'s' * (wires != 1)}; median, half of them within the band"
    layout.panel_letter(ax, "a", count, **layout.CHART_LETTER)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _against(ax: Axes, particles: pd.DataFrame, unit: str) -> pd.DataFrame:
    table = particles[[f"mean_width_{unit}", f"fwhm_{unit}"]].dropna().astype(float)
    table.columns = pd.Index(["x", "y"])
    ax.plot(table["x"], table["y"], ".", color=style.BLUE, markersize=2.5, alpha=0.6)
    ax.set_xlabel(f"Width by mask ({unit})")
    ax.set_ylabel(f"FWHM ({unit})")
    title = "no wires"
    if len(table):
        most = 1.05 * float(table.max().max())
        ax.plot([0, most], [0, most], color=style.GREY, linewidth=0.6, zorder=0)
        ax.set_xlim(0, most)
        ax.set_ylim(0, most)
        title = f"ratio {np.median(table['y'] / table['x']):.2f} (median)"
    layout.panel_letter(ax, "b", title, **layout.CHART_LETTER)
    return table.assign(panel="b", wire="", kind="particle")
