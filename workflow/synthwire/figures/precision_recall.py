"""Figure 12: precision against recall, and the interpolated envelope (paper Fig. 12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synthwire.errors import InputError
from synthwire.evaluation.average_precision import RECALL_LEVELS
from synthwire.figures.kit import layout, sources, style

# The legend's place: curves may run through every corner of a chart.
BELOW: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (-0.02, -0.17), "ncols": 2}


def interpolated_precision(recall: np.ndarray, envelope: np.ndarray) -> np.ndarray:
    """The envelope at COCO's 101 recall levels; 0 beyond the greatest recall reached."""
    place = np.searchsorted(recall, RECALL_LEVELS, side="left")
    reached = place < len(recall)
    values = np.zeros(len(RECALL_LEVELS))
    values[reached] = envelope[place[reached]]
    return values


def _staircase(recall: np.ndarray, envelope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the envelope as a step function, from recall 0 down to precision 0."""
    x = np.concatenate([[0.0], np.repeat(recall, 2)])
    y = np.concatenate([np.repeat(envelope, 2), [0.0]])
    return x, y


@style.styled
def draw_precision_recall(
    curves: Mapping[str, Mapping], model: str | Mapping[str, str]
) -> style.Drawing:
    """(a) measured points and envelope of the first image set, (b) the envelopes of all sets.

    curves: people's label of an image set → `precision_recall` of its evaluation (masks, IoU 0.5).
        With one set there is no panel b.
    model: the model shown, or label → model.
    """
    if not curves:
        raise InputError("no precision–recall curve is given; at least one image set is needed")
    models = dict.fromkeys(curves, model) if isinstance(model, str) else dict(model)
    label = next(iter(curves))
    both = len(curves) > 1
    width = style.DOUBLE_COLUMN_MM if both else style.SINGLE_COLUMN_MM
    figure = layout.new_figure(width, 90.0)
    ax = layout.add_axes_mm(figure, 12, 7, 74, 58)
    records, areas = [], {}
    for name, curve in curves.items():
        recall = sources.as_numbers(curve["recall"])
        envelope = sources.as_numbers(curve["envelope"])
        areas[name] = (
            100 * float(interpolated_precision(recall, envelope).mean()) if len(recall) else None
        )
        records.append(
            pd.DataFrame(
                {
                    "image_set": name,
                    "model": models[name],
                    "recall": recall,
                    "precision": sources.as_numbers(curve["precision"]),
                    "envelope": envelope,
                }
            )
        )
    first = records[0]
    if len(first):
        x, y = _staircase(first["recall"].to_numpy(), first["envelope"].to_numpy())
        ax.fill_between(x, y, color=style.BLUE, alpha=0.10, linewidth=0)
        ax.plot(x, y, color=style.SKY_BLUE, linewidth=2.8, label="envelope (interpolated)")
        ax.plot(
            first["recall"],
            first["precision"],
            color=style.BLACK,
            linestyle=(0, (3, 1.5)),
            linewidth=0.8,
            label="measured, in order of score",
        )
        shown = np.unique(np.linspace(0, len(first) - 1, min(len(first), 40)).round().astype(int))
        ax.plot(
            first["recall"].iloc[shown],
            first["precision"].iloc[shown],
            "o",
            color=style.VERMILLION,
            markersize=2.6,
            markeredgewidth=0,
            label="measured points" if len(shown) == len(first) else "some of the points",
        )
        ax.legend(**BELOW)
    _finish(ax)
    value = "no annotation" if areas[label] is None else f"AP50 = {areas[label]:.1f}"
    layout.panel_letter(ax, "a", f"{label}: {value}", **layout.CHART_LETTER)
    if both:
        ax = layout.add_axes_mm(figure, 12 + 74 + 16, 7, 74, 58)
        for number, (name, record) in enumerate(zip(curves, records, strict=True)):
            if not len(record):
                continue
            x, y = _staircase(record["recall"].to_numpy(), record["envelope"].to_numpy())
            ax.plot(
                x,
                y,
                linewidth=1.3,
                linestyle=("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))[number % 4],
                label=f"{name} ({areas[name]:.1f})",
            )
        _finish(ax)
        if any(len(record) for record in records):
            ax.legend(title="Image set (AP50)", title_fontsize=6, alignment="left", **BELOW)
        layout.panel_letter(ax, "b", "Envelopes of all image sets", **layout.CHART_LETTER)
    facts = {
        "label": label,
        "model": models[label],
        "models": models,
        "detections": len(first),
        "ap50": areas,
        "max_recall": float(first["recall"].max()) if len(first) else None,
    }
    return style.Drawing(figure, pd.concat(records, ignore_index=True), facts)


def _finish(ax: Axes) -> None:
    ax.set_xlim(0, 1.01)
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("Recall")
    ax.set_ylabel("Precision")
    ax.grid(color="#E6E6E6", linewidth=0.4)
    ax.set_axisbelow(True)
