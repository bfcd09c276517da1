"""Other kinds of particles in the colours of their classes (Supplementary Notes 1 and 8)."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.evaluation.classes import NOTHING
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import blend_instances, choose_colours, draw_outlines
from synthwire.io.masks import decode_mask

CLASS_COLOURS = (style.SKY_BLUE, style.ORANGE, style.GREEN, style.PURPLE)
SIDE_MM = 34.0
ROW_MM = SIDE_MM + 9.0
LEFT_MM = 1.0
LEGEND_MM = 6.0


class Kind(NamedTuple):
    """One kind of images.

    label: its name; classes: COCO's categories; picture: the image that is shown; results: model →
    COCO results, of which those of this image are shown; confusion: the first model's.
    """

    label: str
    classes: Sequence[Mapping]
    picture: AnnotatedImage
    results: Mapping[str, Sequence[Mapping]]
    confusion: pd.DataFrame


@style.styled
def draw_classes(kinds: Sequence[Kind], rows: pd.DataFrame, *, score: float) -> style.Drawing:
    """A row a kind: image, annotation, what each model finds from `score` on, and the confusion.

    Where a kind has several classes, colours are theirs; else instances differ in colour. rows:
    what `measure_classes` gives, for the caption.
    """
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, len(kinds) * ROW_MM + LEGEND_MM)
    letters = iter(string.ascii_lowercase)
    names: list[str] = []
    for number, kind in enumerate(kinds):
        several = len(kind.classes) > 1
        names += [item["name"] for item in kind.classes if several and item["name"] not in names]
        colours = {
            item["id"]: CLASS_COLOURS[names.index(item["name"]) % len(CLASS_COLOURS)]
            for item in kind.classes
            if several
        }
        panels: dict[str, Sequence[Mapping]] = {
            kind.label: [],
            "annotation": kind.picture.annotations,
        }
        for place, (model, results) in enumerate(kind.results.items()):
            panels[f"trained on {model if place else 'these'}"] = [
                item
                for item in results
                if item["image_id"] == kind.picture.image_id and item["score"] >= score
            ]
        for column, (title, items) in enumerate(panels.items()):
            ax = layout.add_axes_mm(
                figure,
                LEFT_MM + column * (SIDE_MM + 1.5),
                number * ROW_MM + 5,
                SIDE_MM * min(1.0, kind.picture.aspect),
                SIDE_MM / max(1.0, kind.picture.aspect),
            )
            ax.set_axis_off()
            _show(ax, kind.picture, items, colours)
            layout.panel_letter(ax, next(letters), title)
            if column == 0:
                scales.scale_bar(
                    ax,
                    kind.picture.pixels,
                    kind.picture.pixel_size_nm,
                    kind.picture.pixel_size_assumed,
                )
        ax = layout.add_axes_mm(figure, 159, number * ROW_MM + 7, 22, 22)
        _draw_confusion(ax, kind.confusion, next(letters))
    if names:
        figure.legend(
            handles=[
                Patch(facecolor=CLASS_COLOURS[place % len(CLASS_COLOURS)], label=name)
                for place, name in enumerate(names)
            ],
            loc="lower left",
            ncols=len(names),
        )
    facts = {
        "score": score,
        "rows": rows.to_dict("records"),
        "kinds": [
            {
                "label": kind.label,
                "models": list(kind.results),
                "confusion": kind.confusion.to_dict("index"),
                "taken_for_another": _taken_for_another(kind.confusion),
            }
            for kind in kinds
        ],
    }
    tables = [
        kind.confusion.rename_axis("true")
        .reset_index()
        .melt("true", var_name="found", value_name="count")
        .assign(label=kind.label)
        for kind in kinds
    ]
    return style.Drawing(figure, pd.concat(tables, ignore_index=True), facts)


def _taken_for_another(table: pd.DataFrame) -> float | None:
    """Percent of the particles that were found, but as one of another class."""
    found = table.drop(index=NOTHING, columns=NOTHING).to_numpy()
    total = int(found.sum())
    return 100 * (total - int(np.trace(found))) / total if total and len(found) > 1 else None


def _show(
    ax: Axes, picture: AnnotatedImage, items: Sequence[Mapping], colours: Mapping[int, str]
) -> None:
    masks = [decode_mask(item["segmentation"]) for item in items]
    chosen = (
        [colours.get(item["category_id"], "#FFFFFF") for item in items]
        if colours
        else choose_colours(masks)
    )
    layout.show_image(ax, blend_instances(picture.pixels, masks, chosen))
    draw_outlines(ax, masks, chosen, linewidth=0.6)


def _draw_confusion(ax: Axes, table: pd.DataFrame, letter: str) -> None:
    """Counts, shaded by their share of the row."""
    counts = table.to_numpy()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        if (row, column) != (len(table) - 1, len(table) - 1):
            ax.text(column, row, str(count), ha="center", va="center")
    names = [name if len(name) < 14 else f"{name[:12]}." for name in table.columns]
    ax.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0, labelsize=5.5)
    ax.set_xlabel("found")
    layout.panel_letter(ax, letter, "true, by the first", inset_mm=6)
