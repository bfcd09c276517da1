"""Time of training against images a step, processes and threads, and the run's own trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import linregress

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import COLOURS, MARKERS, legend_below, series_looks
from synthwire.study.supplement.training_time import GPU_PEAKS, PAPER_HOURS


@style.styled
def draw_training_time(
    measured: pd.DataFrame,
    trainings: pd.DataFrame,
    arithmetic: pd.DataFrame,
    facts: Mapping[str, Any],
) -> style.Drawing:
    """(a) Seconds an image against images a step, by processes and threads; (b) the run's own
    trainings, time against steps, by size of the data set; (c) the rate that each GPU must have
    reached in the paper's trainings, beside the data sheets' greatest.

    measured, arithmetic, facts: as `time_table` takes them; trainings: of `trainings_of`.
    """
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 66)
    axes = [layout.add_axes_mm(figure, 11.5 + number * 61, 7, 46, 41) for number in range(3)]
    groups = {
        f"{processes} process{'es' * (processes > 1)}, {threads} thread{'s' * (threads > 1)}": part
        for (processes, threads), part in measured.groupby(["processes", "threads"])
    }
    looks = series_looks(groups)
    for name, part in groups.items():
        part = part.sort_values("images_per_step")
        axes[0].plot(
            part["images_per_step"], part["seconds"] / part["images_per_step"], **looks[name]
        )
    sizes = sorted(measured["images_per_step"].unique())
    axes[0].set_xscale("log", base=2)
    axes[0].set_xticks(sizes, [str(size) for size in sizes])
    axes[0].set_xlabel("Images a step")
    axes[0].set_ylabel("Seconds an image")
    axes[0].set_ylim(bottom=0)
    for number, (size, part) in enumerate(trainings.groupby("images")):
        axes[1].plot(
            part["steps"],
            part["seconds"],
            linestyle="none",
            marker=MARKERS[number % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            label=f"{size} images",
        )
    axes[1].set_xlabel("Steps")
    axes[1].set_ylabel("Seconds")
    axes[1].set_ylim(bottom=0)
    if len(trainings):
        axes[1].legend(loc="lower right")
    models = list(arithmetic["model"].astype(str))
    low, high = (
        1e-12 * arithmetic[f"rate_{hours:g}h"].to_numpy(dtype=float) for hours in PAPER_HOURS[::-1]
    )
    places = np.arange(len(models))
    axes[2].vlines(places, low, high, color=style.BLUE, linewidth=4)
    for number, (name, peak) in enumerate(GPU_PEAKS.items()):  # the first two lie close together
        axes[2].axhline(1e-12 * peak, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 2)))
        place, side = (0.97, "top") if number == 0 else (1.03, "bottom")
        axes[2].text(
            len(models) - 0.5, place * 1e-12 * peak, name, ha="right", va=side, fontsize=5.5
        )
    axes[2].set_yscale("log")
    axes[2].set_xticks(places, models)
    axes[2].set_xlim(-0.5, len(models) - 0.5)
    axes[2].set_xlabel("The paper's model")
    axes[2].set_ylabel("TFLOP/s of each GPU, 5 to 10 h")
    for ax, letter in zip(axes, "abc", strict=True):
        layout.panel_letter(ax, letter, **layout.CHART_LETTER)
    legend_below(figure, looks)
    best = measured.loc[(measured["seconds"] / measured["images_per_step"]).idxmin()]
    slope, explained = None, None
    if len(set(trainings["steps"])) > 2:
        fit = linregress(trainings["steps"], trainings["seconds"])
        slope, explained = float(fit.slope), 100 * float(fit.rvalue) ** 2
    said = {
        **facts,
        "best": {name: float(value) for name, value in best.items()},
        "trainings": trainings.to_dict("records"),
        "seconds_a_step": slope,
        "explained": explained,
        "arithmetic": arithmetic.to_dict("records"),
    }
    return style.Drawing(figure, measured, said)
