"""Two annotators of the same images, and what a pixel of error costs (Supplementary Note 5)."""

from __future__ import annotations

import pandas as pd

from synthwire.figures.kit import layout, style
from synthwire.figures.kit.panels import legend_below, percent_axis, series_looks
from synthwire.study.supplement.outline_agreement import equivalent_shifts

MEASURES = {"ap_bbox": "AP box", "ap_segm": "AP mask", "ap50_segm": "AP50", "accuracy": "Accuracy"}


@style.styled
def draw_outline_agreement(agreed: pd.DataFrame, perturbed: pd.DataFrame) -> style.Drawing:
    """(a) The second annotator's scores against the first's outlines; (b) mask AP of true outlines
    moved by a number of pixels, (c) drawn so much wider or narrower.

    agreed, perturbed: what `compare_annotators` and `perturbed_outlines` give; a set that stands in
    the second alone has no point in (a).
    """
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, 64)
    axes = [layout.add_axes_mm(figure, 11.5 + number * 61, 7, 46, 41) for number in range(3)]
    looks = series_looks(dict.fromkeys(perturbed["label"]))
    for label, look in looks.items():
        for row in agreed[agreed["label"] == label].to_dict("records"):
            values = [row[name] for name in MEASURES]
            axes[0].plot(range(len(values)), values, **{**look, "linestyle": "none"})
        for ax, way in zip(axes[1:], ("moved", "resized"), strict=True):
            part = perturbed[(perturbed["label"] == label) & (perturbed["way"] == way)]
            ax.plot(part["size_px"], part["ap_segm"], **look)
    shifts = equivalent_shifts(agreed, perturbed)
    for row in agreed.itertuples():
        axes[1].plot(
            [shifts[row.label]],
            [row.ap_segm],
            marker="*",
            markersize=8,
            color=looks[row.label]["color"],
            markeredgecolor="white",
            zorder=5,
        )
    axes[0].set_xticks(range(len(MEASURES)), list(MEASURES.values()))
    axes[0].set_xlim(-0.5, len(MEASURES) - 0.5)
    axes[1].set_xlabel("Outlines moved by (px)")
    axes[2].set_xlabel("Outlines wider or narrower by (px)")
    for ax, letter, label in zip(axes, "abc", ("Percent", *["AP mask (%)"] * 2), strict=True):
        percent_axis(ax, letter, label)
    legend_below(figure, looks)
    facts = {
        "annotators": agreed.to_dict("records"),
        "equivalent_shift_px": shifts,
        "moved_1": _at(perturbed, "moved", 1),
        "resized_1": _at(perturbed, "resized", 1),
    }
    return style.Drawing(figure, perturbed, facts)


def _at(perturbed: pd.DataFrame, way: str, size_px: float) -> dict[str, float]:
    """Mask AP by label of outlines that are wrong by so many pixels."""
    part = perturbed[(perturbed["way"] == way) & (perturbed["size_px"] == size_px)]
    return dict(zip(part["label"], part["ap_segm"], strict=True))
