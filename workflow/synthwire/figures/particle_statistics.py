"""Figures 5, 7 and 9: particle statistics, prediction against annotation (paper Figs 5, 7, 9)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MultipleLocator

from synthwire.errors import InputError
from synthwire.figures.kit import style
from synthwire.particles.distances import compare_distributions, mean_direction
from synthwire.particles.distribution import (
    PERIOD_DEG,
    histogram_edges,
    linear_density,
    periodic_density,
)

SOURCES = {"annotation": style.ANNOTATION_COLOUR, "prediction": style.PREDICTION_COLOUR}
NAMES = {"annotation": "Annotation", "prediction": "Prediction"}


@style.styled
def draw_particle_statistics(
    statistics: pd.DataFrame,
    label: str,
    model: str,
    *,
    pixel_size_assumed: bool = False,
    log_area: bool = True,
) -> style.Drawing:
    """Histograms with kernel densities of (a) area, (b) aspect ratio and (c) orientation.

    statistics: the table of statistics/{model}/{images}.csv; rows of source "annotation" and
        "prediction". Area is in nm² or µm² when every row has one, else in pixels.
    log_area: area on a logarithmic axis, with the density per decade.
    Orientation is circular with a period of 180°, and so is its density.
    """
    for column in ("source", "area_px", "aspect_ratio", "orientation_deg"):
        if column not in statistics:
            raise InputError(f"statistics of {label}: column '{column}' is missing")
    statistics = statistics[np.isfinite(statistics["aspect_ratio"].astype(float))]
    counts = {source: int((statistics["source"] == source).sum()) for source in SOURCES}
    area, area_label, area_unit = _areas(statistics, pixel_size_assumed)

    panels = [
        ("a", area, area_label, "area", area_unit),
        ("b", statistics["aspect_ratio"].to_numpy(float), "Aspect ratio", "aspect_ratio", "1"),
        (
            "c",
            statistics["orientation_deg"].to_numpy(float) % PERIOD_DEG,
            "Orientation (°)",
            "orientation",
            "deg",
        ),
    ]
    distances = _distances(statistics, "area_px" if area_unit == "px" else "area_nm2")
    height = 53.0
    figure = style.new_figure(style.DOUBLE_COLUMN_MM, height)
    records = []
    medians: dict[str, dict[str, float | None]] = {}
    axes_width, left = 47.0, 11.5
    for letter, values, axis_label, name, unit in panels:
        ax = style.add_axes_mm(figure, left, 6.5, axes_width, 31.5)
        left += axes_width + 13.5
        log = name == "area" and log_area
        scaled = np.log10(values) if log else values
        if name == "orientation":
            edges = np.linspace(0, PERIOD_DEG, 13)
        elif len(scaled):
            low = float(scaled.min()) if log else (1.0 if name == "aspect_ratio" else 0.0)
            high = float(scaled.max())
            low = min(low, float(scaled.min()))
            edges = histogram_edges(scaled, low, high if high > low else low + 1)
        else:
            edges = np.linspace(0, 1, 9)
        margin = 0 if name == "orientation" else 0.06 * (edges[-1] - edges[0])
        start = edges[0] - (margin if log else 0)
        grid = np.linspace(start, edges[-1] + margin, 361)
        medians[name] = {}
        for source, colour in SOURCES.items():
            own = scaled[(statistics["source"] == source).to_numpy()]
            heights = (
                np.histogram(own, bins=edges, density=True)[0]
                if len(own)
                else np.zeros(len(edges) - 1)
            )
            if name == "orientation":
                density = periodic_density(own, grid)
            else:
                density = linear_density(own, grid, None if log else edges[0])
            centre = None
            if len(own) and name != "orientation":
                centre = float(np.median(values[(statistics["source"] == source).to_numpy()]))
            elif len(own):
                centre = mean_direction(own, PERIOD_DEG)
            medians[name][source] = centre
            shown_edges, shown_grid = (10**edges, 10**grid) if log else (edges, grid)
            if (
                source == "annotation"
            ):  # one filled, the other only drawn: their overlap stays clear
                ax.stairs(heights, shown_edges, fill=True, color=colour, alpha=0.22, linewidth=0)
            else:
                ax.stairs(heights, shown_edges, color=colour, alpha=0.75, linewidth=0.7)
            ax.plot(
                shown_grid,
                density,
                color=colour,
                linewidth=1.3,
                linestyle="-" if source == "annotation" else (0, (4, 1.3)),
                label=f"{NAMES[source]} (n = {counts[source]})",
            )
            for kind, x, x1, y in (
                ("histogram", shown_edges[:-1], shown_edges[1:], heights),
                ("density", shown_grid, shown_grid, density),
            ):
                records.append(
                    pd.DataFrame(
                        {
                            "panel": letter,
                            "feature": name,
                            "unit": unit,
                            "source": source,
                            "kind": kind,
                            "from": x,
                            "to": x1,
                            "value": y,
                        }
                    )
                )
        if log:
            style.log_axis(ax, shown_grid[0], shown_grid[-1])
            ax.set_ylabel("Density (per decade)")
        else:
            ax.set_xlim(grid[0], grid[-1])
            ax.set_ylabel({"orientation": "Density (1/°)"}.get(name, f"Density{_per(unit)}"))
        if name == "orientation":
            ax.xaxis.set_major_locator(MultipleLocator(45))
        ax.set_xlabel(axis_label)
        ax.set_ylim(bottom=0)
        style.panel_letter(ax, letter, _distance(distances.get(name)), **style.CHART_LETTER)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=2, columnspacing=2.5, handlelength=2.4)
    facts = {
        "label": label,
        "model": model,
        "annotations": counts["annotation"],
        "predictions": counts["prediction"],
        "area_unit": area_unit,
        "pixel_size_assumed": pixel_size_assumed and area_unit != "px",
        "log_area": log_area,
        "centres": medians,
        "distances": distances,
    }
    return style.Drawing(figure, pd.concat(records, ignore_index=True), facts)


def _distances(statistics: pd.DataFrame, area: str) -> dict[str, dict]:
    """Distance between both distributions of each panel's feature, where both have particles."""
    columns = {area: "area", "aspect_ratio": "aspect_ratio", "orientation_deg": "orientation"}
    table = compare_distributions(statistics)
    return {
        columns[row["feature"]]: {
            "name": "Kuiper" if row["feature"] == "orientation_deg" else "Kolmogorov–Smirnov",
            **{key: row[key] for key in ("ks", "p", "wasserstein", "wasserstein_relative")},
        }
        for row in table.to_dict("records")
        if row["feature"] in columns
    }


def _distance(distance: dict | None) -> str:
    """A panel's title: the distance of the two distributions and its p-value."""
    if distance is None:
        return ""
    short = "Kuiper" if distance["name"] == "Kuiper" else "KS"
    p = "< 0.001" if distance["p"] < 0.001 else f"= {distance['p']:.2g}"
    return f"{short} distance {distance['ks']:.2f} (p {p})"


def _per(unit: str) -> str:
    return "" if unit == "1" else f" (1/{unit})"


def _areas(statistics: pd.DataFrame, assumed: bool) -> tuple[np.ndarray, str, str]:
    physical = statistics.get("area_nm2", pd.Series(np.nan, index=statistics.index)).astype(float)
    if len(physical) and physical.notna().all():
        unit, factor = ("µm²", 1e-6) if physical.median() >= 1e4 else ("nm²", 1.0)
        note = ", assumed pixel size" if assumed else ""
        return physical.to_numpy() * factor, f"Area ({unit}{note})", unit
    return statistics["area_px"].to_numpy(float), "Area (px)", "px"
