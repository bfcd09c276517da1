"""Several methods on the same image: annotation first, then what each method finds."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.errors import InputError
from synthwire.evaluation.uncertainty import interval_of
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import blend_instances, choose_colours, draw_outlines
from synthwire.figures.kit.panels import (
    legend_below,
    percent_axis,
    plot_overlap,
    plot_sizes,
    series_looks,
)
from synthwire.figures.prediction import crowded_window
from synthwire.io.masks import decode_mask
from synthwire.particles.table import match_masks

DETAIL = 0.45  # of the image's sides
CHART_MM = 60.0
UNMATCHED = "#FFFFFF"


@style.styled
def draw_methods(
    picture: AnnotatedImage,
    predictions: Mapping[str, Sequence[Mapping]],
    evaluations: Mapping[str, Mapping],
    *,
    area_limits_px: Sequence[float],
    score: float = 0.7,
) -> style.Drawing:
    """Annotation and the instances of each method; the part with the most crossings; mask AP by
    the fraction of a particle that others cover, and by its size.

    An instance that matches a particle at IoU 0.5 has the particle's colour, any other is white.

    predictions: name of a method ("Watershed", "Model 07") → COCO results, of which those of
        this image with at least `score` are drawn. evaluations: name → evaluation on the whole
        image set, whose mask AP stands above the panel. area_limits_px: as `plot_sizes` takes them.
    InputError when a method has no evaluation.
    """
    for name in predictions:
        if name not in evaluations:
            raise InputError(f"methods: no evaluation of '{name}'")
    own = outline_colours(picture)
    panels: dict[str, tuple[list[np.ndarray], list[str], str]] = {
        "Annotation": (
            picture.masks(),
            list(own.values()),
            f"Annotation, {len(own)} particles",
        )
    }
    found = {}
    for name, results in predictions.items():
        masks, colours, found[name] = matched_instances(picture, results, own, score)
        ap = evaluations[name]["segm"]["ap"]
        title = f"{name}, {found[name]} of {len(own)}" + ("" if ap is None else f", AP {ap:.1f}")
        panels[name] = (masks, colours, title)
    x, y, width, height = crowded_window(picture, DETAIL)
    aspects = [picture.aspect] * len(panels)
    chart = any(evaluations[name].get("overlap") for name in predictions)
    figure, rows = layout.image_grid(
        [aspects, [width / height] * len(panels)], below_mm=CHART_MM if chart else 0.0
    )
    records = []
    for column, (name, (masks, colours, title)) in enumerate(panels.items()):
        blended = blend_instances(picture.pixels, masks, colours)
        for row, ax in enumerate((rows[0][column], rows[1][column])):
            layout.show_image(ax, blended)
            draw_outlines(ax, masks, colours, linewidth=0.6 + 0.2 * row)
            letter = string.ascii_lowercase[row * len(panels) + column]
            layout.panel_letter(ax, letter, title if row == 0 else "Detail")
        rows[0][column].add_patch(
            Rectangle((x, y), width, height, fill=False, edgecolor="white", linewidth=0.8)
        )
        rows[1][column].set_xlim(x, x + width)
        rows[1][column].set_ylim(y + height, y)
        records += [
            {"method": name, "instance": index + 1, "area_px": int(mask.sum()), "colour": colour}
            for index, (mask, colour) in enumerate(zip(masks, colours, strict=True))
        ]
    chart_panels: list[str] = []
    if chart:
        top = figure.get_size_inches()[1] * style.MM_PER_INCH - CHART_MM
        compared = {name: evaluations[name] for name in predictions}
        for number in range(2):
            ax = layout.add_axes_mm(figure, 11.5 + 92 * number, top + 8, 78, CHART_MM - 26)
            chart_panels.append(string.ascii_lowercase[2 * len(panels) + number])
            if number:
                plot_sizes(ax, compared, area_limits_px)
            else:
                plot_overlap(ax, compared)
            percent_axis(ax, chart_panels[-1], "AP mask (%)")
        legend_below(figure, series_looks(compared))
    length = scales.scale_bar(
        rows[0][0], picture.pixels, picture.pixel_size_nm, picture.pixel_size_assumed
    )
    facts = {
        "label": picture.label,
        "image_id": picture.image_id,
        "score": score,
        "methods": list(predictions),
        "particles": len(picture.rles()),
        "instances": {name: len(panels[name][0]) for name in predictions},
        "found": found,
        "ap_segm": {name: evaluations[name]["segm"]["ap"] for name in predictions},
        "overlap": {name: evaluations[name].get("overlap") for name in predictions},
        "chart_panels": chart_panels,
        "intervals": any(
            not np.isnan(interval_of(evaluations[name], "overlap_0")[0]) for name in predictions
        ),
        "scale_bar_nm": length,
        "pixel_size_assumed": picture.pixel_size_assumed,
    }
    columns = ["method", "instance", "area_px", "colour"]
    return style.Drawing(figure, pd.DataFrame(records, columns=columns), facts)


def outline_colours(picture: AnnotatedImage) -> dict[int, str]:
    """A colour for each outline that counts, by its number among the picture's annotations."""
    counted = [
        number
        for number, item in enumerate(picture.annotations)
        if not bool(item.get("iscrowd", 0))
    ]
    return dict(zip(counted, choose_colours(picture.masks()), strict=True))


def matched_instances(
    picture: AnnotatedImage,
    results: Sequence[Mapping],
    colours: Mapping[int, str],
    score: float,
) -> tuple[list[np.ndarray], list[str], int]:
    """What a method finds in a picture with at least `score`: masks, a colour each, and how many
    match a particle at IoU 0.5; these have the particle's colour, the others are white.

    results: COCO results, of this picture and others; colours: as `outline_colours` gives them.
    """
    shown = sorted(
        (
            item
            for item in results
            if item["image_id"] == picture.image_id and item["score"] >= score
        ),
        key=lambda item: -item["score"],
    )
    crowd = np.array([bool(item.get("iscrowd", 0)) for item in picture.annotations], dtype=bool)
    partner, _ = match_masks(
        [item["segmentation"] for item in picture.annotations],
        [item["segmentation"] for item in shown],
        crowd,
    )
    masks = [decode_mask(item["segmentation"]) for item in shown]
    return (
        masks,
        [colours.get(int(index), UNMATCHED) for index in partner],
        int((partner >= 0).sum()),
    )
