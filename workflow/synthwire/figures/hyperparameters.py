"""The effect of each hyperparameter on AP, from the models that differ in it alone."""

from __future__ import annotations

import string
from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures import style

FACTORS: Mapping[str, str] = {
    "dataset_size": "Data set size (images)",
    "epochs": "Epochs",
    "learning_rate": "Learning rate",
    "roi_head": "ROIs per image",
    "iou_thr": "RPN IoU threshold",
    "nms": "RPN NMS threshold",
}


def comparable_groups(models: pd.DataFrame, factor: str) -> list[pd.DataFrame]:
    """Groups of rows that agree in every factor but `factor`, sorted by it; at least two levels."""
    others = [name for name in FACTORS if name != factor and name in models]
    groups = []
    for _, group in models.groupby(others, sort=True, dropna=False):
        if len(group[factor].unique()) > 1:
            groups.append(group.sort_values(factor, kind="stable"))
    return sorted(groups, key=len, reverse=True)


@style.styled
def draw_hyperparameters(
    models: pd.DataFrame,
    measures: Mapping[str, pd.DataFrame],
    *,
    published: pd.DataFrame | None = None,
) -> style.Drawing:
    """Mask AP against each hyperparameter; lines join models that differ in nothing else.

    models: one row a model: `model` and the factors (`FACTORS`).
    measures: image set label → table with `model`, `ap` and, where known, `low` and `high` (the
        95 % interval).
    published: the paper's Table 1, `model` and `paper_ap_segm`; drawn open and grey.
    """
    missing = [name for name in ("model", *FACTORS) if name not in models]
    if missing:
        raise InputError(f"table of models: column '{missing[0]}' is missing")
    colours = [style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE, style.PURPLE]
    markers = "osD^v"
    figure = style.new_figure(style.DOUBLE_COLUMN_MM, 112.0)
    records = []
    series = [
        (label, table.set_index("model"), colours[n % 5], markers[n % 5])
        for n, (label, table) in enumerate(measures.items())
    ]
    if published is not None:
        table = published.rename(columns={"paper_ap_segm": "ap"}).set_index("model")
        series.append(("Paper, synthetic", table[["ap"]], style.GREY, "o"))
    handles: dict[str, object] = {}
    for number, (factor, name) in enumerate(FACTORS.items()):
        row, column = divmod(number, 3)
        ax = style.add_axes_mm(figure, 11.5 + column * 61, 6 + row * 51, 46, 36)
        levels = np.sort(models[factor].dropna().unique())
        place = {level: index for index, level in enumerate(levels)}
        groups = comparable_groups(models, factor)
        for (label, table, colour, marker), offset in zip(
            series, np.linspace(-0.16, 0.16, len(series)) if len(series) > 1 else [0], strict=True
        ):
            paper = label.startswith("Paper")
            for index, group in enumerate(groups):
                known = group[group["model"].isin(table.index)]
                if known.empty:
                    continue
                x = known[factor].map(place).to_numpy(float) + offset
                ap = table["ap"].reindex(known["model"]).to_numpy(float)
                if {"low", "high"} <= set(table.columns):
                    low = table["low"].reindex(known["model"]).to_numpy(float)
                    high = table["high"].reindex(known["model"]).to_numpy(float)
                    ax.vlines(x, low, high, color=colour, linewidth=0.7, alpha=0.8)
                else:
                    low = high = np.full(len(ap), np.nan)
                (line,) = ax.plot(
                    x,
                    ap,
                    color=colour,
                    marker=marker,
                    markersize=3.0,
                    markerfacecolor="white" if paper else colour,
                    markeredgewidth=0.7,
                    linewidth=0.9,
                    linestyle=(0, (2, 1.2)) if paper else "-",
                    alpha=0.9,
                )
                handles.setdefault(label, line)
                records.append(
                    pd.DataFrame(
                        {
                            "panel": string.ascii_lowercase[number],
                            "factor": factor,
                            "series": label,
                            "group": index + 1,
                            "model": known["model"].to_numpy(),
                            "level": known[factor].to_numpy(),
                            "ap_segm": ap,
                            "low": low,
                            "high": high,
                        }
                    )
                )
        ax.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
        ax.set_xlim(-0.5, len(levels) - 0.5)
        ax.set_xlabel(name)
        ax.set_ylabel("AP mask (%)")
        ax.grid(axis="y", color="#E6E6E6", linewidth=0.4)
        ax.set_axisbelow(True)
        if not groups:
            ax.text(
                0.5,
                0.5,
                "no two models differ\nin this alone",
                transform=ax.transAxes,
                ha="center",
                va="center",
                color=style.GREY,
            )
        style.panel_letter(ax, string.ascii_lowercase[number], **style.CHART_LETTER)
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=max(len(handles), 1))
    columns = ["panel", "factor", "series", "group", "model", "level", "ap_segm", "low", "high"]
    data = pd.concat(records, ignore_index=True) if records else pd.DataFrame(columns=columns)
    facts = {"series": list(measures), "effects": effects(data), "models": len(models)}
    return style.Drawing(figure, data, facts)


def effects(data: pd.DataFrame) -> list[dict]:
    """Range of AP within each group, averaged over groups: how much a factor matters."""
    rows = []
    for (factor, series), part in data.groupby(["factor", "series"], sort=False):
        spans = [np.ptp(group["ap_segm"]) for _, group in part.groupby("group")]
        spans = [span for span in spans if np.isfinite(span)]
        if spans:
            rows.append({"factor": factor, "series": series, "mean_range": float(np.mean(spans))})
    return rows
