"""The effect of each hyperparameter on AP, from the models that differ in it alone."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from synthwire.errors import InputError
from synthwire.evaluation.uncertainty import interval_of, value_of
from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import MARKERS
from synthwire.study.study import comparable_groups

PUBLISHED = "Published, synthetic"
SERIES_COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, "#B57B00", "#A3557F", style.BLACK)
FACTORS: Mapping[str, str] = {
    "dataset_size": "Data set size",
    "epochs": "Epochs",
    "learning_rate": "Learning rate",
    "roi_head": "ROIs per image",
    "iou_thr": "IoU threshold",
    "nms": "NMS threshold",
}


def collect_measures(evaluations: Mapping[str, Mapping]) -> pd.DataFrame:
    """Mask AP and its bootstrap interval of each model: columns model, ap, low, high.

    evaluations: model → its evaluation on one image set; low and high are NaN where the
        evaluation holds no interval.
    """
    rows = [
        (model, value_of(evaluation, "segm_ap"), *interval_of(evaluation, "segm_ap"))
        for model, evaluation in evaluations.items()
    ]
    table = pd.DataFrame(rows, columns=["model", "ap", "low", "high"])
    return table.astype({"ap": float, "low": float, "high": float})


ROW_MM = 30.0
LEGEND_COLUMNS, LEGEND_TITLE_MM, LEGEND_ROW_MM = 2, 4.0, 3.2
LEAST_SPAN = 4.0  # points of AP that a row shows at least, so that noise does not fill it


@style.styled
def draw_hyperparameters(
    models: pd.DataFrame,
    measures: Mapping[str, pd.DataFrame],
    *,
    published: pd.DataFrame | None = None,
) -> style.Drawing:
    """Mask AP against each hyperparameter; lines join models that differ in nothing else.

    One row an image set, one column a hyperparameter; within a row the scale is the same. Where a
    panel has several lines, a legend below the column tells their shades and markers apart.

    models: one row a model: `model` and the factors (`FACTORS`).
    measures: image set label → table with `model`, `ap` and, where known, `low` and `high` (the
        95 % interval).
    published: the paper's Table 1, `model` and `paper_ap_segm`; a row of its own.
    """
    missing = [name for name in ("model", *FACTORS) if name not in models]
    if missing:
        raise InputError(f"table of models: column '{missing[0]}' is missing")
    series = dict(measures)
    if published is not None:
        series[PUBLISHED] = published.rename(columns={"paper_ap_segm": "ap"})
    left, width, gap = 13.0, 26.0, 2.6
    lines = {factor: comparable_groups(models, factor) for factor in FACTORS}
    most = max(map(len, lines.values()))
    foot = 10.0
    if most > 1:
        foot += LEGEND_TITLE_MM + LEGEND_ROW_MM * -(-most // LEGEND_COLUMNS)
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, len(series) * ROW_MM + foot)
    records = []
    for row, (label, table) in enumerate(series.items()):
        table = table.set_index("model").reindex(models["model"])
        if "low" not in table:
            table = table.assign(low=np.nan, high=np.nan)
        colour = style.GREY if label == PUBLISHED else SERIES_COLOURS[row % len(SERIES_COLOURS)]
        axes = []
        for column, (factor, name) in enumerate(FACTORS.items()):
            ax = layout.add_axes_mm(
                figure, left + column * (width + gap), 6 + row * ROW_MM, width, ROW_MM - 8.5
            )
            axes.append(ax)
            levels = np.sort(models[factor].dropna().unique())
            groups = lines[factor]
            for index, group in enumerate(groups):
                part = table.loc[group["model"]]
                darkness = (index + 1) / len(groups)
                # Lines of one panel stand a little apart, so that their intervals do not hide
                # each other.
                x = np.searchsorted(levels, group[factor]) + 0.12 * (index - (len(groups) - 1) / 2)
                shade = _shade(colour, darkness)
                ax.vlines(x, part["low"], part["high"], color=shade, linewidth=0.8)
                ax.plot(
                    x,
                    part["ap"],
                    color=shade,
                    marker=MARKERS[index % len(MARKERS)],
                    markersize=2.6,
                    linewidth=0.9,
                )
                records.append(
                    pd.DataFrame(
                        {
                            "series": label,
                            "factor": factor,
                            "group": index + 1,
                            "model": group["model"].to_numpy(),
                            "level": group[factor].to_numpy(),
                            "ap_segm": part["ap"].to_numpy(float),
                            "low": part["low"].to_numpy(float),
                            "high": part["high"].to_numpy(float),
                        }
                    )
                )
            if not groups:
                ax.text(
                    0.5,
                    0.5,
                    "no two models\ndiffer in\nthis alone",
                    transform=ax.transAxes,
                    ha="center",
                    va="center",
                    color=style.GREY,
                )
            ax.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
            ax.set_xlim(-0.45, len(levels) - 0.55)
            ax.grid(axis="y", color="#E6E6E6", linewidth=0.4)
            ax.set_axisbelow(True)
            if column:
                ax.tick_params(labelleft=False)
            if row == len(series) - 1:
                ax.set_xlabel(name)
                _name_shades(ax, factor, groups)
            else:
                ax.tick_params(labelbottom=False)
        low, high = _limits(table)
        for ax in axes:
            ax.set_ylim(low, high)
        axes[0].set_ylabel("AP mask (%)")
        layout.panel_letter(axes[0], string.ascii_lowercase[row], label, inset_mm=9.0, rise_pt=3.5)
    columns = ["series", "factor", "group", "model", "level", "ap_segm", "low", "high"]
    data = pd.concat(records, ignore_index=True) if records else pd.DataFrame(columns=columns)
    facts = {
        "series": list(measures),
        "published": published is not None,
        "intervals": bool(data["low"].notna().any()),
        "effects": effects(data[data["series"] != PUBLISHED]),
        "models": len(models),
    }
    return style.Drawing(figure, data, facts)


def _name_shades(ax: Axes, factor: str, groups: Sequence[pd.DataFrame]) -> None:
    """A legend below the axes: in what the lines of a column differ from each other."""
    if len(groups) < 2:
        return
    settings = pd.DataFrame([group.iloc[0] for group in groups])[[*FACTORS]].drop(columns=factor)
    apart = [name for name in settings if len(settings[name].unique()) > 1]
    ax.legend(
        [
            Line2D(
                [],
                [],
                color=_shade(style.BLACK, (index + 1) / len(groups)),
                marker=MARKERS[index % len(MARKERS)],
            )
            for index in range(len(groups))
        ],
        [", ".join(f"{value:g}" for value in row) for row in settings[apart].to_numpy()],
        title=", ".join(FACTORS[name] for name in apart),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.42),
        ncols=LEGEND_COLUMNS,
        markerscale=0.5,
        handlelength=1.4,
        columnspacing=1.0,
    )


def _shade(colour: str, darkness: float) -> tuple[float, float, float]:
    """The colour mixed with white: a quarter of it at darkness 0, itself at 1."""
    red, green, blue = np.asarray(to_rgb(colour)) * (0.25 + 0.75 * darkness) + (
        0.75 - 0.75 * darkness
    )
    return float(red), float(green), float(blue)


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """A row's scale: all values and intervals, with a margin, at least `LEAST_SPAN` high."""
    values = table[["ap", "low", "high"]].to_numpy(float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 100.0
    low, high = values.min(), values.max()
    half = max((high - low) * 0.58, LEAST_SPAN / 2)
    bottom = (low + high) / 2 - half
    if low >= 0:
        bottom = max(bottom, -0.05 * half)  # no room for negative precision
    return float(bottom), float(bottom + 2 * half)


def effects(data: pd.DataFrame) -> list[dict]:
    """Range of AP within each group, averaged over groups: how much a factor matters."""
    rows = []
    for (factor, series), part in data.groupby(["factor", "series"], sort=False):
        spans = [np.ptp(group["ap_segm"]) for _, group in part.groupby("group")]
        spans = [span for span in spans if np.isfinite(span)]
        if spans:
            rows.append({"factor": factor, "series": series, "mean_range": float(np.mean(spans))})
    return rows
