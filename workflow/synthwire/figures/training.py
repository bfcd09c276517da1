"""Training curves, from the metrics.json of Detectron2's trainer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures import style

LOSSES: Mapping[str, str] = {
    "loss_mask": "mask",
    "loss_cls": "class",
    "loss_box_reg": "box",
    "loss_rpn_cls": "RPN objectness",
    "loss_rpn_loc": "RPN box",
}


def read_metrics(path: str | os.PathLike) -> pd.DataFrame:
    """Detectron2's JSON-lines metrics as a table with one row an iteration.

    After a resume the same iteration may stand twice: the last one counts. A last line cut short
    by a kill is left out. InputError when the file is missing or another line is no JSON.
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
        if "iteration" in row and "total_loss" in row:
            rows.append(row)
    table = pd.DataFrame(rows, columns=None if rows else ["iteration", "total_loss", "lr"])
    return (
        table.drop_duplicates("iteration", keep="last")
        .sort_values("iteration")
        .reset_index(drop=True)
    )


def _smooth(values: np.ndarray, span: int) -> np.ndarray:
    return pd.Series(values).rolling(span, min_periods=1, center=True).mean().to_numpy()


@style.styled
def draw_training(
    metrics: Mapping[str, pd.DataFrame], highlight: Sequence[str] = (), *, log_x: bool = False
) -> style.Drawing:
    """(a) total loss of every model, (b) the parts of the loss and (c) the learning rate.

    metrics: model → table of `read_metrics`. highlight: models drawn in colour in a and c; b shows
    the first of them (or the longest training).
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
    figure = style.new_figure(style.DOUBLE_COLUMN_MM, 70.0)
    axes = [style.add_axes_mm(figure, 11.5 + n * 61, 7, 46, 42) for n in range(3)]
    order = [model for model in known if model not in colours] + lit
    for model in order:
        table = known[model]
        span = max(len(table) // 25, 1)
        colour = colours.get(model, "#BBBBBB")
        width = 1.2 if model in colours else 0.6
        axes[0].plot(
            table["iteration"],
            _smooth(table["total_loss"].to_numpy(float), span),
            color=colour,
            linewidth=width,
            label=model if model in colours else None,
        )
        if "lr" in table:
            axes[2].plot(table["iteration"], table["lr"], color=colour, linewidth=width)
    if len(known) > len(lit):
        axes[0].plot(
            [], [], color="#BBBBBB", linewidth=0.8, label=f"{len(known) - len(lit)} others"
        )
    # Below the charts: nobody knows where the curves of a short training run.
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.24), "columnspacing": 1.2}
    axes[0].legend(ncols=3, title="Model", title_fontsize=6, **below)
    shown = known[lit[0]]
    span = max(len(shown) // 25, 1)
    for number, (key, name) in enumerate(LOSSES.items()):
        if key in shown:
            axes[1].plot(
                shown["iteration"],
                _smooth(shown[key].to_numpy(float), span),
                linewidth=1.1,
                linestyle=("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1)))[number],
                label=name,
            )
    axes[1].legend(ncols=3, **below)
    titles = ("Total loss", f"Parts of the loss, model {lit[0]}", "Learning rate")
    for ax, letter, title in zip(axes, "abc", titles, strict=True):
        ax.set_xlabel("Iteration")
        if log_x:
            ax.set_xscale("log")
        else:
            ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        style.panel_letter(ax, letter, title, **style.CHART_LETTER)
    data = pd.concat(
        [
            table[[c for c in ("iteration", "total_loss", *LOSSES, "lr") if c in table]].assign(
                model=model
            )
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
            model: float(table["total_loss"].tail(max(len(table) // 10, 1)).mean())
            for model, table in known.items()
        },
    }
    return style.Drawing(figure, data, facts)
