"""How well instances come out: by IoU, by overlap with others, by size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from synthwire.errors import InputError
from synthwire.figures.kit import layout, sources, style
from synthwire.figures.kit.panels import SIZES, percent_axis, plot_overlap, plot_sizes, series_looks


@style.styled
def draw_instance_quality(
    evaluations: Mapping[str, Mapping],
    models: Mapping[str, str],
    area_limits_px: Sequence[float],
) -> style.Drawing:
    """(a) F1 of masks against the IoU that a match needs, (b) mask AP by the fraction of a particle
    that others cover (crossing wires), (c) mask AP by particle size, with intervals.

    evaluations: people's label of an image set → evaluation of the model shown for it, with the
        keys `thresholds` and, where it was asked for, `overlap` and `uncertainty`.
    models: label → model. area_limits_px: as `plot_sizes` takes them.
    InputError when no evaluation is given.
    """
    if not evaluations:
        raise InputError("no evaluation is given; at least one image set is needed")
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 66.0)
    axes = [layout.add_axes_mm(figure, 11.5 + n * 61, 7, 46, 41) for n in range(3)]
    records = []
    handles = {}
    for label, look in series_looks(evaluations).items():
        rows = evaluations[label].get("thresholds", [])
        (handles[label],) = axes[0].plot(
            sources.as_numbers(row["iou"] for row in rows),
            sources.as_numbers(row["f1"] for row in rows),
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
    for row in plot_sizes(axes[2], evaluations, area_limits_px):
        records.append({"against": "size", "level": SIZES[row.pop("metric")], **row})
    for ax, letter, label in zip(axes, "abc", ("F1 (%)", *["AP mask (%)"] * 2), strict=True):
        percent_axis(ax, letter, label)
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
