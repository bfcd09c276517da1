"""Other methods beside ours: what each finds in one image, on crossing wires, and how fast."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.evaluation.uncertainty import interval_of, value_of
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import blend_instances, draw_outlines
from synthwire.figures.kit.panels import (
    legend_below,
    percent_axis,
    plot_overlap,
    series_looks,
)
from synthwire.figures.methods import matched_instances, outline_colours
from synthwire.study.supplement.peers_table import Method

IN_A_ROW = 4
CHART_MM = 62.0


@style.styled
def draw_peers(
    picture: AnnotatedImage,
    methods: Sequence[Method],
    predictions: Mapping[str, Sequence[Mapping]],
    *,
    score: float = 0.7,
) -> style.Drawing:
    """The annotation and what each method finds in one image; mask AP by the fraction of a particle
    that others cover; mask AP against the time of an image.

    An instance that matches a particle at IoU 0.5 has the particle's colour, any other is white.
    predictions: name of a method → COCO results, of which those with at least `score` are drawn.
    """
    own = outline_colours(picture)
    panels = {"Annotation": (picture.masks(), list(own.values()), f"Annotation, {len(own)}")}
    found = {}
    for method in methods:
        masks, colours, hits = matched_instances(picture, predictions[method.name], own, score)
        found[method.name] = hits
        panels[method.name] = (masks, colours, f"{method.name}, {hits}")
    rows = -(-len(panels) // IN_A_ROW)
    per_row = -(-len(panels) // rows)
    figure, axes = layout.image_grid(
        [[picture.aspect] * per_row] * rows, below_mm=CHART_MM, max_height_mm=50.0
    )
    places = [ax for line in axes for ax in line]
    for ax in places[len(panels) :]:
        ax.remove()
    records = []
    for number, (ax, (name, (masks, colours, title))) in enumerate(
        zip(places, panels.items(), strict=False)
    ):
        layout.show_image(ax, blend_instances(picture.pixels, masks, colours))
        draw_outlines(ax, masks, colours, linewidth=0.7)
        layout.panel_letter(ax, string.ascii_lowercase[number], title)
        records += [
            {"method": name, "instance": index + 1, "area_px": int(mask.sum()), "colour": colour}
            for index, (mask, colour) in enumerate(zip(masks, colours, strict=True))
        ]
    length = scales.scale_bar(
        places[0], picture.pixels, picture.pixel_size_nm, picture.pixel_size_assumed
    )
    evaluations = {method.name: method.evaluation for method in methods}
    looks = series_looks(evaluations)
    top = figure.get_size_inches()[1] * style.MM_PER_INCH - CHART_MM
    letters = string.ascii_lowercase[len(panels) : len(panels) + 2]
    ax = layout.add_axes_mm(figure, 11.5, top + 8, 78, CHART_MM - 30)
    plot_overlap(ax, evaluations)
    percent_axis(ax, letters[0], "AP mask (%)")
    ax = layout.add_axes_mm(figure, 103.5, top + 8, 78, CHART_MM - 30)
    for method in methods:
        value = value_of(method.evaluation, "segm_ap")
        low, high = interval_of(method.evaluation, "segm_ap")
        look = {**looks[method.name], "linestyle": "none"}
        ax.plot(method.seconds_an_image, value, **look)
        if not np.isnan(low):
            ax.plot([method.seconds_an_image] * 2, [low, high], color=look["color"], linewidth=0.9)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("Seconds for 512 × 512 px on one core")
    percent_axis(ax, letters[1], "AP mask (%)")
    legend_below(figure, looks, columns=3)
    best = max(methods, key=lambda it: value_of(it.evaluation, "segm_ap"))
    facts = {
        "label": picture.label,
        "score": score,
        "particles": len(own),
        "methods": [method.name for method in methods],
        "ap": {it.name: value_of(it.evaluation, "segm_ap") for it in methods},
        "seconds": {it.name: it.seconds_an_image for it in methods},
        "processor_s": {it.name: it.processor_s for it in methods},
        "no_overlaps": [it.name for it in methods if not it.overlaps],
        "best": best.name,
        "found": found,
        "images": list(string.ascii_lowercase[: len(panels)]),
        "charts": list(letters),
        "scale_bar_nm": length,
        "pixel_size_assumed": picture.pixel_size_assumed,
    }
    columns = ["method", "instance", "area_px", "colour"]
    return style.Drawing(figure, pd.DataFrame(records, columns=columns), facts)
