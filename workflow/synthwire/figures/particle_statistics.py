"""Figures 5, 7 and 9: particle statistics, prediction against annotation (paper Figs 5, 7, 9)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import plot_distribution
from synthwire.particles.distances import compare_distributions, mean_direction
from synthwire.particles.distribution import PERIOD_DEG, Kind

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

    aspect_ratio = statistics["aspect_ratio"].to_numpy(float)
    orientation = statistics["orientation_deg"].to_numpy(float) % PERIOD_DEG
    features: tuple[tuple[str, np.ndarray, str, str, Kind, float | None], ...] = (
        ("area", area, area_label, area_unit, "log" if log_area else "linear", 0.0),
        ("aspect_ratio", aspect_ratio, "Aspect ratio", "1", "linear", 1.0),
        ("orientation", orientation, "Orientation (°)", "°", "circular", None),
    )
    distances = _distances(statistics, "area_px" if area_unit == "px" else "area_nm2")
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 53.0)
    tables, centres = [], {}
    for number, (name, values, axis_label, unit, kind, lower) in enumerate(features):
        letter = "abc"[number]
        ax = layout.add_axes_mm(figure, 11.5 + 60.5 * number, 6.5, 47.0, 31.5)
        series = {source: values[(statistics["source"] == source).to_numpy()] for source in SOURCES}
        table = plot_distribution(ax, series, kind, unit, colours=SOURCES, lower=lower)
        table.insert(0, "panel", letter)
        table.insert(1, "feature", name)
        table.insert(2, "unit", "deg" if unit == "°" else unit)
        tables.append(table)
        centres[name] = {source: _centre(own, kind) for source, own in series.items()}
        ax.set_xlabel(axis_label)
        layout.panel_letter(ax, letter, _distance(distances.get(name)), **layout.CHART_LETTER)
    labels = [f"{NAMES[source]} (n = {counts[source]})" for source in SOURCES]
    figure.legend(
        ax.get_lines(), labels, loc="lower center", ncols=2, columnspacing=2.5, handlelength=2.4
    )
    facts = {
        "label": label,
        "model": model,
        "annotations": counts["annotation"],
        "predictions": counts["prediction"],
        "area_unit": area_unit,
        "pixel_size_assumed": pixel_size_assumed and area_unit != "px",
        "log_area": log_area,
        "centres": centres,
        "distances": distances,
    }
    data = pd.concat(tables, ignore_index=True).rename(columns={"series": "source"})
    return style.Drawing(figure, data, facts)


def _centre(values: np.ndarray, kind: Kind) -> float | None:
    """Median, or mean direction; None of nothing."""
    if not len(values):
        return None
    return mean_direction(values, PERIOD_DEG) if kind == "circular" else float(np.median(values))


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


def _areas(statistics: pd.DataFrame, assumed: bool) -> tuple[np.ndarray, str, str]:
    physical = statistics.get("area_nm2", pd.Series(np.nan, index=statistics.index)).astype(float)
    if len(physical) and physical.notna().all():
        unit, factor = ("µm²", 1e-6) if physical.median() >= 1e4 else ("nm²", 1.0)
        note = ", assumed pixel size" if assumed else ""
        return physical.to_numpy() * factor, f"Area ({unit}{note})", unit
    return statistics["area_px"].to_numpy(float), "Area (px)", "px"
