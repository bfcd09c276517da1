"""Panels that several figures have: distributions of one feature, metrics side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from synthwire.evaluation.uncertainty import interval_of, value_of
from synthwire.figures.kit import layout, scales, style
from synthwire.particles.distribution import Kind, histogram_with_density

LINES = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, "#B57B00", style.PURPLE, style.BLACK)
MARKERS = "osD^vP"
# Of particles, by the metric of each.
SIZES = {"segm_aps": "small", "segm_apm": "medium", "segm_apl": "large"}
STEP = 0.12  # between series that stand side by side, of the distance of two categories


# -- distributions ---------------------------------------------------------------------------


def plot_distribution(
    ax: Axes,
    series: Mapping[str, np.ndarray],
    kind: Kind,
    unit: str,
    *,
    colours: Mapping[str, str],
    lower: float | None = None,
) -> pd.DataFrame:
    """Plot histograms with kernel densities of one feature; the y axis is the density.

    series: name → values of the feature; they share bins. The first is filled, others are only
        drawn, with dashed densities, so that their overlap stays clear. The densities are the
        axes' only lines, in the order of the series.
    kind: as `histogram_with_density` takes it. unit: of the values, "1" for plain numbers.
    colours: by name. lower: what a linear feature cannot fall below; bins begin there.

    Returns what was plotted, with columns series, kind (histogram or density), from, to, value.
    """
    pooled = np.concatenate(list(series.values()))
    parts: list[pd.DataFrame] = []
    for name, values in series.items():
        found = histogram_with_density(
            values, kind, pooled=pooled, lower=lower, bins_from_lower=lower is not None
        )
        colour, first = colours[name], not parts
        if first:
            ax.stairs(found.heights, found.edges, fill=True, color=colour, alpha=0.24, linewidth=0)
        else:
            ax.stairs(found.heights, found.edges, color=colour, alpha=0.75, linewidth=0.7)
        line = "-" if first else (0, (4, 1.3))
        ax.plot(found.grid, found.density, color=colour, linewidth=1.3, linestyle=line)
        parts += [
            pd.DataFrame({"series": name, "kind": what, "from": start, "to": end, "value": height})
            for what, start, end, height in (
                ("histogram", found.edges[:-1], found.edges[1:], found.heights),
                ("density", found.grid, found.grid, found.density),
            )
        ]
    if kind == "log":
        scales.log_axis(ax, found.grid[0], found.grid[-1])
        ax.set_ylabel("Density (per decade)")
    else:
        ax.set_xlim(found.grid[0], found.grid[-1])
        ax.set_ylabel("Density" if unit == "1" else f"Density (1/{unit})")
    if kind == "circular":
        ax.xaxis.set_major_locator(MultipleLocator(45))
    ax.set_ylim(bottom=0)
    return pd.concat(parts, ignore_index=True)


# -- metrics side by side --------------------------------------------------------------------


def series_looks(labels: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Colour, line and marker of each series, by label: apart without colour too."""
    return {
        label: {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": LINES[number % len(LINES)],
            "marker": MARKERS[number % len(MARKERS)],
            "markersize": 3.0,
            "clip_on": False,  # a marker at 0 or 100 % is whole
        }
        for number, label in enumerate(labels)
    }


def plot_categories(
    ax: Axes,
    series: Mapping[str, Mapping],
    metrics: Mapping[str, str],
    *,
    joined: bool = True,
) -> list[dict[str, Any]]:
    """Plot metrics of several evaluations side by side, with their bootstrap intervals.

    series: label → evaluation. metrics: name of a metric (as `value_of` takes it) → name of its
    place on the axis. joined: whether a series' points are joined by a line.
    Returns what was plotted, one record a point: label, metric, value, low, high.
    """
    names = list(metrics.values())
    places = np.arange(len(names))
    offsets = STEP * (np.arange(len(series)) - (len(series) - 1) / 2)
    records = []
    for offset, (label, look), evaluation in zip(
        offsets, series_looks(series).items(), series.values(), strict=True
    ):
        points = [
            (value_of(evaluation, metric), *interval_of(evaluation, metric)) for metric in metrics
        ]
        values, lows, highs = np.array(points).reshape(-1, 3).T
        ax.vlines(places + offset, lows, highs, color=look["color"], linewidth=0.8)
        line = look["linestyle"] if joined else "none"
        ax.plot(places + offset, values, **{**look, "linestyle": line})
        records += [
            {"label": label, "metric": metric, "value": value, "low": low, "high": high}
            for metric, (value, low, high) in zip(metrics, points, strict=True)
        ]
    ax.set_xticks(places, names)
    ax.set_xlim(-0.4, max(len(names), 1) - 0.6)
    return records


def plot_overlap(ax: Axes, series: Mapping[str, Mapping]) -> list[dict[str, Any]]:
    """Plot mask AP by the fraction of a particle that others cover, as `plot_categories`."""
    evaluated = {label: found for label, found in series.items() if found.get("overlap")}
    parts: Sequence[Mapping] = next((found["overlap"] for found in evaluated.values()), [])
    ranges = {
        f"overlap_{number}": _range(part["low"], part["high"]) for number, part in enumerate(parts)
    }
    records = plot_categories(ax, evaluated, ranges)
    ax.set_xlabel("Part of a particle that others cover")
    return records


def plot_sizes(
    ax: Axes, series: Mapping[str, Mapping], area_limits_px: Sequence[float]
) -> list[dict[str, Any]]:
    """Plot mask AP of small, medium and large particles, as `plot_categories`.

    area_limits_px: the greatest area of a small and of a medium particle.
    """
    small, large = (f"{limit:g}" for limit in area_limits_px)
    ranges = (f"< {small}", f"{small}–{large}", f"> {large}")
    sizes = {
        metric: f"{name}\n{extent}"
        for (metric, name), extent in zip(SIZES.items(), ranges, strict=True)
    }
    records = plot_categories(ax, series, sizes, joined=False)
    ax.set_xlabel("Area of a particle (px²)")
    return records


def _range(low: float, high: float) -> str:
    """ "5–25 %", "> 25 %", "< 5 %" of a range of fractions."""
    if low <= 0:
        return f"< {100 * high:g} %"
    if high >= 1:
        return f"> {100 * low:g} %"
    return f"{100 * low:g}–{100 * high:g} %"


def percent_axis(ax: Axes, letter: str, label: str) -> None:
    """A y axis from 0 to 100 percent with its label, grid lines, and the panel's letter."""
    ax.set_ylabel(label)
    ax.set_ylim(0, 102)
    ax.grid(axis="y", color="#E6E6E6", linewidth=0.4)
    ax.set_axisbelow(True)
    layout.panel_letter(ax, letter, **layout.CHART_LETTER)


def legend_below(figure: Figure, looks: Mapping[str, Mapping], columns: int | None = None) -> None:
    """A legend below all panels: label → how its line looks; columns: None puts all in a row."""
    figure.legend(
        handles=[Line2D([], [], label=label, **look) for label, look in looks.items()],
        loc="lower center",
        ncols=columns or len(looks),
        handlelength=2.4,
    )
