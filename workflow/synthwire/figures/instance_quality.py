"""How well instances come out: by IoU, by overlap with others, by size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures import style

LINES = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, "#B57B00", style.PURPLE, style.BLACK)
MARKERS = "osD^vP"
SIZES = {"aps": "small", "apm": "medium", "apl": "large"}


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
    records: list[tuple] = []
    ranges: list[tuple[float, float]] = []
    count = len(evaluations)
    offsets = np.linspace(-0.18, 0.18, count) if count > 1 else np.zeros(1)
    handles = {}
    for number, (label, evaluation) in enumerate(evaluations.items()):
        colour = COLOURS[number % len(COLOURS)]
        marker = MARKERS[number % len(MARKERS)]
        rows = evaluation.get("thresholds", [])
        iou = style.as_numbers(row["iou"] for row in rows)
        f1 = style.as_numbers(row["f1"] for row in rows)
        (handles[label],) = axes[0].plot(
            iou, f1, color=colour, linestyle=LINES[number % 4], marker=marker, markersize=2.6
        )
        records += [
            (label, "f1", "iou", x, y, None, None, None) for x, y in zip(iou, f1, strict=True)
        ]

        parts = evaluation.get("overlap") or []
        ranges = ranges or [(part["low"], part["high"]) for part in parts]
        ap = style.as_numbers(part["ap"] for part in parts)
        axes[1].plot(
            np.arange(len(parts)) + offsets[number],
            ap,
            color=colour,
            marker=marker,
            linestyle=LINES[number % 4],
            markersize=3,
        )
        records += [
            (label, "ap", "overlap", part["low"], part["ap"], None, None, part["ground_truth"])
            for part in parts
        ]

        intervals = (evaluation.get("uncertainty") or {}).get("intervals") or {}
        for place, (key, name) in enumerate(SIZES.items()):
            value = evaluation["segm"][key]
            low, high = intervals.get("segm", {}).get(key, (None, None))
            records.append((label, "ap", "size", name, value, low, high, None))
            if value is None:
                continue
            if low is not None and high is not None:
                axes[2].vlines(place + offsets[number], low, high, color=colour, linewidth=0.8)
            axes[2].plot(
                place + offsets[number], value, marker=marker, color=colour, markersize=3.2
            )
    axes[0].set_xlabel("IoU that a match needs")
    axes[0].set_ylabel("F1 (%)")
    axes[0].set_xlim(0.48, 0.97)
    axes[1].set_xlabel("Part of a particle that others cover")
    axes[1].set_xticks(range(len(ranges)), [_range(low, high) for low, high in ranges])
    axes[1].set_xlim(-0.4, max(len(ranges), 1) - 0.6)
    axes[2].set_xlabel("Particle size")
    axes[2].set_xticks(range(3), SIZES.values())
    axes[2].set_xlim(-0.4, 2.4)
    for ax, letter in zip(axes, "abc", strict=True):
        ax.set_ylim(0, 102)
        ax.grid(axis="y", color="#E6E6E6", linewidth=0.4)
        ax.set_axisbelow(True)
        style.panel_letter(ax, letter, **style.CHART_LETTER)
    for ax in axes[1:]:
        ax.set_ylabel("AP mask (%)")
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="lower center",
        ncols=min(count, 5),
        handlelength=2.4,
        columnspacing=2.0,
    )
    data = pd.DataFrame(
        records,
        columns=["image_set", "measure", "against", "level", "value", "low", "high", "particles"],
    )
    data.insert(1, "model", data["image_set"].map(dict(models)))
    facts = {
        "models": dict(models),
        "intervals": bool(data["low"].notna().any()),
        "overlap": [list(part) for part in ranges],
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
