"""Training curves, from the metrics.json of Detectron2's trainer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures.kit import layout, scales, style

LOSSES: Mapping[str, str] = {
    "loss_mask": "mask",
    "loss_cls": "class",
    "loss_box_reg": "box",
    "loss_rpn_cls": "RPN objectness",
    "loss_rpn_loc": "RPN box",
}

VALIDATION = "validation/ap_segm"
MUCH_LONGER = 5.0


def read_metrics(path: str | os.PathLike) -> pd.DataFrame:
    """Detectron2's JSON-lines metrics as a table with one row an iteration.

    After a resume the same iteration may stand twice: of each measure the last one counts. A last
    line cut short by a kill is left out. InputError when the file is missing or another line is
    no JSON.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            if number == len(lines):
                continue
            raise InputError(f"{path}: line {number} is not valid JSON") from None
        if "iteration" in row:
            rows.append(row)
    if not rows:
        return pd.DataFrame(columns=["iteration", "total_loss", "lr"])
    return pd.DataFrame(rows).groupby("iteration").last().reset_index()


@style.styled
def draw_loss_curves(
    metrics: Mapping[str, pd.DataFrame], highlight: Sequence[str] = ()
) -> style.Drawing:
    """(a) total loss of every model, (b) the parts of the loss, (c) the learning rate and, where it
    was measured, (d) mask AP on validation images.

    metrics: model → table of `read_metrics`. highlight: models drawn in colour; b shows the first
    of them (or the longest training). Where one training is much longer than most, as a shared base
    is, the iterations stand on a logarithmic axis.
    """
    known = {model: table for model, table in metrics.items() if len(table)}
    if not known:
        raise InputError("no model has a training curve; metrics.json files are empty")
    lit = [model for model in highlight if model in known][:4]
    if not lit:
        lit = [max(known, key=lambda model: known[model]["iteration"].max())]
    colours = dict(
        zip(lit, (style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE), strict=False)
    )
    lengths = [table["iteration"].max() for table in known.values()]
    log_x = max(lengths) > MUCH_LONGER * np.median(lengths)
    validated = any(VALIDATION in table for table in known.values())
    if validated:
        figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 126.0)
        axes = [
            layout.add_axes_mm(figure, 11.5 + x, 7 + y, 76, 40) for y in (0, 63) for x in (0, 92)
        ]
    else:
        figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 70.0)
        axes = [layout.add_axes_mm(figure, 11.5 + n * 61, 7, 46, 42) for n in range(3)]
    order = [model for model in known if model not in colours] + lit
    for model in order:
        table = known[model]
        look: dict[str, Any] = {
            "color": colours.get(model, "#BBBBBB"),
            "linewidth": 1.2 if model in colours else 0.6,
            "label": model if model in colours else None,
        }
        axes[0].plot(*_smooth(table, "total_loss"), **look)
        if "lr" in table:
            axes[2].plot(*_measured(table, "lr"), **look)
        if VALIDATION in table:
            axes[3].plot(*_measured(table, VALIDATION), marker="o", markersize=2.2, **look)
    if len(known) > len(lit):
        axes[0].plot(
            [], [], color="#BBBBBB", linewidth=0.8, label=f"{len(known) - len(lit)} others"
        )
    # Below the charts: nobody knows where the curves of a short training run.
    below: dict[str, Any] = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, -0.24),
        "columnspacing": 1.2,
    }
    axes[0].legend(ncols=3, title="Model", title_fontsize=6, **below)
    shown = known[lit[0]]
    for number, (key, name) in enumerate(LOSSES.items()):
        if key in shown:
            axes[1].plot(
                *_smooth(shown, key),
                linewidth=1.1,
                linestyle=("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1)))[number],
                label=name,
            )
    if axes[1].lines:
        axes[1].legend(ncols=3, **below)
    titles = [
        "Total loss",
        f"Parts of the loss, model {lit[0]}",
        "Learning rate",
        "AP mask on validation images (%)",
    ]
    for ax, letter, title in zip(axes, "abcd", titles, strict=False):
        ax.set_xlabel("Iteration")
        if log_x:
            within = ax.dataLim if ax.has_data() else axes[0].dataLim
            scales.log_axis(ax, max(within.x0, 1) / 1.06, within.x1 * 1.06)
        else:
            ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        layout.panel_letter(ax, letter, title, **layout.CHART_LETTER)
    wanted = ("iteration", "total_loss", *LOSSES, "lr", VALIDATION)
    data = pd.concat(
        [
            table[[column for column in wanted if column in table]].assign(model=model)
            for model, table in known.items()
        ],
        ignore_index=True,
    )
    data.insert(0, "model", data.pop("model"))
    facts = {
        "models": len(known),
        "highlighted": lit,
        "iterations": {model: int(table["iteration"].max()) + 1 for model, table in known.items()},
        "last_loss": {
            model: float(table["total_loss"].dropna().tail(max(len(table) // 10, 1)).mean())
            for model, table in known.items()
        },
        "last_validation_ap": {
            model: float(table[VALIDATION].dropna().iloc[-1])
            for model, table in known.items()
            if VALIDATION in table and table[VALIDATION].notna().any()
        },
    }
    return style.Drawing(figure, data, facts)


def _measured(table: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Iterations at which a column was measured, and its values."""
    rows = table[["iteration", column]].dropna()
    return rows["iteration"].to_numpy(float), rows[column].to_numpy(float)


def _smooth(table: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """The same, as a running mean over a twenty-fifth of the training."""
    iterations, values = _measured(table, column)
    span = max(len(values) // 25, 1)
    return iterations, pd.Series(values).rolling(span, min_periods=1, center=True).mean().to_numpy()
