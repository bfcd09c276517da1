"""How well instances come out: by IoU, by overlap with others, by size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synthwire.errors import InputError
from synthwire.evaluation import interval_of, value_of
from synthwire.figures.kit import style

LINES = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, "#B57B00", style.PURPLE, style.BLACK)
MARKERS = "osD^vP"
SIZES = {"aps": "small", "apm": "medium", "apl": "large"}
STEP = 0.12  # between series that stand side by side, of the distance of two categories


def looks(labels: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Colour, line and marker of each series, by label: apart without colour too."""
    return {
        label: {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": LINES[number % len(LINES)],
            "marker": MARKERS[number % len(MARKERS)],
            "markersize": 3.0,
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

    series: label → evaluation. metrics: name of a metric (as `evaluation.value_of` takes it) →
    name of its place on the axis. joined: whether a series' points are joined by a line.
    Returns what was plotted, one record a point: label, metric, value, low, high.
    """
    names = list(metrics.values())
    places = np.arange(len(names))
    offsets = STEP * (np.arange(len(series)) - (len(series) - 1) / 2)
    records = []
    for offset, (label, look), evaluation in zip(
        offsets, looks(series).items(), series.values(), strict=True
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
    parts = next((found["overlap"] for found in series.values() if found.get("overlap")), [])
    ranges = {
        f"overlap_{number}": _range(part["low"], part["high"]) for number, part in enumerate(parts)
    }
    shown = {label: found for label, found in series.items() if found.get("overlap")}
    records = plot_categories(ax, shown, ranges)
    ax.set_xlabel("Part of a particle that others cover")
    return records


def finish(ax: Axes, letter: str, label: str) -> None:
    """Axis from 0 to 100 percent, grid lines, panel letter."""
    ax.set_ylabel(label)
    ax.set_ylim(0, 102)
    ax.grid(axis="y", color="#E6E6E6", linewidth=0.4)
    ax.set_axisbelow(True)
    style.panel_letter(ax, letter, **style.CHART_LETTER)


@style.styled
def draw_instance_quality(
    evaluations: Mapping[str, Mapping], models: Mapping[str, str]
) -> style.Drawing:
    """(a) F1 of masks against the IoU that a match needs, (b) mask AP by the fraction of a particle
    that others cover (crossing wires), (c) mask AP by particle size, with intervals.

    evaluations: people's label of an image set → evaluation of the model shown for it, with the
        keys `thresholds` and, where it was asked for, `overlap` and `uncertainty`.
    models: label → model. InputError when no evaluation is given.
    """
    if not evaluations:
        raise InputError("no evaluation is given; at least one image set is needed")
    figure = style.new_figure(style.DOUBLE_COLUMN_MM, 66.0)
    axes = [style.add_axes_mm(figure, 11.5 + n * 61, 7, 46, 41) for n in range(3)]
    records = []
    handles = {}
    for label, look in looks(evaluations).items():
        rows = evaluations[label].get("thresholds", [])
        (handles[label],) = axes[0].plot(
            style.as_numbers(row["iou"] for row in rows),
            style.as_numbers(row["f1"] for row in rows),
            **{**look, "markersize": 2.6},
        )
        records += [
            {"label": label, "against": "iou", "level": row["iou"], "value": row["f1"]}
            for row in rows
        ]
    axes[0].set_xlabel("IoU that a match needs")
    axes[0].set_xlim(0.48, 0.97)
    for row in plot_overlap(axes[1], evaluations):
        part = evaluations[row["label"]]["overlap"][int(row.pop("metric").removeprefix("overlap_"))]
        records.append(
            {"against": "overlap", "level": part["low"], "particles": part["ground_truth"], **row}
        )
    sizes = {f"segm_{metric}": name for metric, name in SIZES.items()}
    for row in plot_categories(axes[2], evaluations, sizes, joined=False):
        records.append({"against": "size", "level": sizes[row.pop("metric")], **row})
    axes[2].set_xlabel("Particle size")
    for ax, letter, label in zip(axes, "abc", ("F1 (%)", *["AP mask (%)"] * 2), strict=True):
        finish(ax, letter, label)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="lower center",
        ncols=min(len(evaluations), 5),
        handlelength=2.4,
        columnspacing=2.0,
    )
    columns = ["label", "against", "level", "value", "low", "high", "particles"]
    data = pd.DataFrame(records, columns=columns).rename(columns={"label": "image_set"})
    data.insert(1, "model", data["image_set"].map(dict(models)))
    facts = {
        "models": dict(models),
        "intervals": bool(data["low"].notna().any()),
        "f1_50": {
            label: evaluation["thresholds"][0]["f1"]
            for label, evaluation in evaluations.items()
            if evaluation.get("thresholds")
        },
        "panoptic": {
            label: evaluation["panoptic"]["pq"]
            for label, evaluation in evaluations.items()
            if evaluation.get("panoptic")
        },
    }
    return style.Drawing(figure, data, facts)


def _range(low: float, high: float) -> str:
    """ "5–25 %", "> 25 %", "< 5 %" of a range of fractions."""
    if low <= 0:
        return f"< {100 * high:g} %"
    if high >= 1:
        return f"> {100 * low:g} %"
    return f"{100 * low:g}–{100 * high:g} %"
