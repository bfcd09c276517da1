"""Figures 3, 4, 6 and 8: image, predicted instances, map of right and wrong pixels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from scipy import ndimage

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.errors import InputError
from synthwire.evaluation.pixels import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    IGNORED,
    TRUE_POSITIVE,
    accuracy,
    classify_image,
)
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import blend_instances, choose_colours, draw_outlines
from synthwire.figures.kit.sources import best_model
from synthwire.io.files import read_json
from synthwire.io.masks import decode_mask

LEGEND_MM = 6.0
WIDE = 1.2  # wider images stand two in a row


def median_image(evaluation: Mapping) -> int:
    """Id of the image with the median accuracy: a fair example, neither the best nor the worst.

    Of an even number the lower one of the two in the middle; images without any foreground do not
    count. InputError when none is left.
    """
    rows = [row for row in evaluation["per_image"] if row["accuracy"] is not None]
    rows = [row for row in rows if np.isfinite(row["accuracy"])]
    if not rows:
        raise InputError("no image has an accuracy; there is no example to draw")
    rows.sort(key=lambda row: (row["accuracy"], row["image_id"]))
    return rows[(len(rows) - 1) // 2]["image_id"]


def find_image(pictures: Sequence[AnnotatedImage], image_id: int) -> AnnotatedImage:
    """The image of a set with an id; InputError when there is none."""
    for picture in pictures:
        if picture.image_id == image_id:
            return picture
    raise InputError(f"no image {image_id} among the {len(pictures)} images of the set")


def paint_classes(classes: np.ndarray, colours: style.PixelColours) -> np.ndarray:
    """RGB (H, W, 3), uint8, of a map of pixel classes (evaluation.classify_pixels)."""
    table = np.zeros((5, 3))
    table[0] = to_rgb(colours.background)
    table[TRUE_POSITIVE] = to_rgb(colours.true_positive)
    table[FALSE_POSITIVE] = to_rgb(colours.false_positive)
    table[FALSE_NEGATIVE] = to_rgb(colours.false_negative)
    table[IGNORED] = to_rgb(colours.ignored)
    return np.rint(table * 255).astype(np.uint8)[classes]


@style.styled
def draw_prediction(
    picture: AnnotatedImage,
    predictions: Sequence[Mapping],
    model: str,
    evaluation: Mapping,
    *,
    score: float = 0.7,
    pixel_colours: str = "safe",
) -> style.Drawing:
    """(a) image, (b) predicted instances over it, (c) TP, FP and FN pixels with the accuracy.

    predictions: COCO results of this image; those below `score` are left out.
    model, evaluation: the model's name and its evaluation on the whole image set, for the caption.
    pixel_colours: "safe" for all eyes, or "paper" for the paper's blue, green and red.
    """
    if pixel_colours not in style.PIXEL_COLOURS:
        choices = ", ".join(map(repr, style.PIXEL_COLOURS))
        raise InputError(f"pixel_colours: {pixel_colours!r} is not one of {choices}")
    colours = style.PIXEL_COLOURS[pixel_colours]
    predictions = [
        item
        for item in predictions
        if item["image_id"] == picture.image_id and item["score"] >= score
    ]
    masks = [decode_mask(item["segmentation"]) for item in predictions]
    classes = classify_image(
        {"height": picture.height, "width": picture.width},
        picture.annotations,
        predictions,
        score,
    )
    number = np.bincount(classes.ravel(), minlength=5)
    value = accuracy(
        int(number[TRUE_POSITIVE]), int(number[FALSE_POSITIVE]), int(number[FALSE_NEGATIVE])
    )

    wide = picture.aspect > WIDE
    rows = [[picture.aspect] * 2] * 2 if wide else [[picture.aspect] * 3]
    figure, grid = layout.image_grid(rows, below_mm=LEGEND_MM)
    first, second, third, *fourth = [ax for row in grid for ax in row]

    layout.show_image(first, picture.pixels)
    length = scales.scale_bar(
        first, picture.pixels, picture.pixel_size_nm, picture.pixel_size_assumed
    )
    layout.panel_letter(first, "a", picture.label)

    instance_colours = choose_colours(masks)
    layout.show_image(second, blend_instances(picture.pixels, masks, instance_colours))
    draw_outlines(second, masks, instance_colours, linewidth=0.6)
    layout.panel_letter(second, "b", f"{len(masks)} predicted instance{'s' * (len(masks) != 1)}")

    layout.show_image(third, paint_classes(classes, colours))
    _frame(third)
    shown = "no foreground" if np.isnan(value) else f"accuracy {value:.1f} %"
    layout.panel_letter(third, "c", f"Pixels, {shown}")
    handles = [
        Patch(facecolor=colours.true_positive, label="true positive"),
        Patch(facecolor=colours.false_positive, label="false positive"),
        Patch(facecolor=colours.false_negative, label="false negative"),
    ]
    if number[IGNORED]:
        handles.append(Patch(facecolor=colours.ignored, label="ignored"))
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        bbox_to_anchor=(0.5, 0.0),
        columnspacing=1.6,
    )
    for ax in fourth:
        _draw_detail(ax, first, picture, masks, instance_colours)

    names = {TRUE_POSITIVE: "tp", FALSE_POSITIVE: "fp", FALSE_NEGATIVE: "fn", IGNORED: "ignored"}
    data = pd.DataFrame(
        [
            {
                "instance": index + 1,
                "score": item["score"],
                "area_px": int(mask.sum()),
                "bbox_x_px": item["bbox"][0],
                "bbox_y_px": item["bbox"][1],
                "bbox_width_px": item["bbox"][2],
                "bbox_height_px": item["bbox"][3],
                "colour": colour,
                **{f"{name}_px": int((classes[mask] == key).sum()) for key, name in names.items()},
            }
            for index, (item, mask, colour) in enumerate(
                zip(predictions, masks, instance_colours, strict=True)
            )
        ],
        columns=[
            "instance",
            "score",
            "area_px",
            "bbox_x_px",
            "bbox_y_px",
            "bbox_width_px",
            "bbox_height_px",
            "colour",
            *[f"{name}_px" for name in names.values()],
        ],
    )
    facts = {
        "label": picture.label,
        "model": model,
        "score": score,
        "image_id": picture.image_id,
        "images": len(evaluation.get("per_image", [])) or 1,
        "width_px": picture.width,
        "height_px": picture.height,
        "pixel_size_nm": picture.pixel_size_nm,
        "pixel_size_assumed": picture.pixel_size_assumed,
        "scale_bar_nm": length,
        "instances": len(masks),
        "outlines": len(picture.rles()),
        "ignored_outlines": len(picture.rles(ignored=True)),
        "accuracy": value,
        "accuracy_set": evaluation.get("accuracy"),
        "ap_segm": evaluation["segm"]["ap"],
        "ap_bbox": evaluation["bbox"]["ap"],
        "pixels": {name: int(number[key]) for key, name in names.items()},
        "colours": pixel_colours,
        "detail": wide,
    }
    return style.Drawing(figure, data, facts)


def _frame(ax: Axes) -> None:
    """A thin frame, so that a white map has an edge on white paper."""
    ax.set_axis_on()
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, linewidth=0.4, color=style.GREY)


def crowded_window(picture: AnnotatedImage, fraction: float = 1 / 3) -> tuple[int, int, int, int]:
    """The part of an image (x, y, width, height in px) with the most crossings in its middle.

    Its sides are `fraction` of the image's. A crossing is a connected region that two or more
    annotated masks share; it counts with the root of its area, so that neither slivers between
    touching particles nor one broad overlap decide. Without any, the fullest part.
    """
    width, height = round(picture.width * fraction), round(picture.height * fraction)
    cover = np.zeros((picture.height, picture.width), dtype=np.int32)
    for mask in picture.masks():
        cover += mask
    regions, _ = ndimage.label(cover > 1)
    share = np.bincount(regions.ravel()) ** -0.5
    share[0] = 0.0
    weight = share[regions] + 1e-6 * (cover > 0)
    smooth = ndimage.gaussian_filter(weight, (height / 4, width / 4), mode="constant")
    y, x = np.unravel_index(np.argmax(smooth), smooth.shape)
    left = int(np.clip(x - width // 2, 0, picture.width - width))
    top = int(np.clip(y - height // 2, 0, picture.height - height))
    return left, top, width, height


def _draw_detail(
    ax: Axes,
    whole: Axes,
    picture: AnnotatedImage,
    masks: Sequence[np.ndarray],
    colours: Sequence[str],
) -> None:
    """The most crowded part, enlarged: annotation in white, prediction in its colours."""
    x, y, width, height = crowded_window(picture)
    layout.show_image(ax, picture.pixels)
    draw_outlines(ax, picture.masks(), "white", linewidth=1.6)
    draw_outlines(ax, masks, colours, linewidth=0.8)
    ax.set_xlim(x, x + width)
    ax.set_ylim(y + height, y)
    whole.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor="white", linewidth=0.8))
    layout.panel_letter(ax, "d", "Detail: annotation white, prediction coloured")


def draw_best_prediction(
    pictures: Sequence[AnnotatedImage],
    evaluations: Mapping[str, str | os.PathLike],
    predictions: Mapping[str, str | os.PathLike],
    *,
    score: float,
    pixel_colours: str = "safe",
) -> style.Drawing:
    """`draw_prediction` of the best model by mask AP, on the set's image of median accuracy.

    pictures: the image set. evaluations, predictions: model → stored file of results.
    """
    results = {model: read_json(path) for model, path in evaluations.items()}
    model = best_model(results)
    return draw_prediction(
        find_image(pictures, median_image(results[model])),
        read_json(predictions[model]),
        model,
        results[model],
        score=score,
        pixel_colours=pixel_colours,
    )
