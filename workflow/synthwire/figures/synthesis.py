"""Figure 2: a synthetic structure, its optical-density image and its masks (paper Fig. 2)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.errors import InputError
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import (
    blend_instances,
    choose_colours,
    distinct_colours,
    draw_outlines,
)
from synthwire.figures.kit.volume import render_volume
from synthwire.io.coco import ANNOTATION_IDS_PER_IMAGE

MONTAGE_MASKS = 24
MONTAGE_GAP_MM = 1.2


@style.styled
def draw_synthesis(labels: np.ndarray, picture: AnnotatedImage) -> style.Drawing:
    """(a) the labelled volume in 3D, (b) its optical-density image, (c) the masks over it, (d)
    binary masks of single particles, the largest first.

    labels: (Z, Y, X) volume of the same scene as `picture`. A particle has the same colour in a
        and c: label k is annotation k, found by the annotation's id (paper's enumeration). No
        other has it, as long as there are at most 27.
    """
    if labels.shape[1:] != (picture.height, picture.width):
        raise InputError(
            f"{picture.path}: {picture.width} × {picture.height} pixels, but the volume is "
            f"{labels.shape[2]} × {labels.shape[1]}; they are not of the same scene"
        )
    numbers = [item["id"] % ANNOTATION_IDS_PER_IMAGE for item in picture.annotations]
    masks = picture.masks()
    colours = choose_colours(masks, distinct_colours(len(masks)))
    order = sorted(range(len(masks)), key=lambda index: -int(masks[index].sum()))

    view = render_volume(labels, dict(zip(numbers, colours, strict=True)), width_px=1400)
    view_aspect = view.shape[1] / view.shape[0]
    gap = 3.0
    side = (style.DOUBLE_COLUMN_MM - 2 * gap) / 3
    image_height = side / picture.aspect
    block = 2 * image_height + layout.TITLE_MM + gap  # height of b over c
    left = 2 * side + gap
    shown = order[:MONTAGE_MASKS]
    room = block - layout.TITLE_MM - gap  # of the view and the montage
    columns, cell_width, cell_height, montage = _montage(
        len(shown), left, picture.aspect, room - left / view_aspect, 0.5 * room
    )
    view_height = min(left / view_aspect, room - montage)
    figure = layout.new_figure(style.DOUBLE_COLUMN_MM, layout.TITLE_MM + block)

    ax = layout.add_axes_mm(
        figure,
        (left - view_height * view_aspect) / 2,
        layout.TITLE_MM,
        view_height * view_aspect,
        view_height,
    )
    ax.imshow(view)
    ax.set_axis_off()
    corner = layout.add_axes_mm(figure, 0, layout.TITLE_MM, left, view_height)
    corner.set_axis_off()
    layout.panel_letter(corner, "a", "Labelled 3D structure")

    right = left + gap
    ax = layout.add_axes_mm(figure, right, layout.TITLE_MM, side, image_height)
    ax.set_axis_off()
    layout.show_image(ax, picture.pixels)
    length = scales.scale_bar(ax, picture.pixels, picture.pixel_size_nm, picture.pixel_size_assumed)
    layout.panel_letter(ax, "b", "Optical density")

    ax = layout.add_axes_mm(
        figure, right, 2 * layout.TITLE_MM + image_height + gap, side, image_height
    )
    ax.set_axis_off()
    layout.show_image(ax, blend_instances(picture.pixels, masks, colours))
    draw_outlines(ax, masks, colours, linewidth=0.7)
    layout.panel_letter(ax, "c", "Instance masks")

    top = 2 * layout.TITLE_MM + view_height + gap
    for place, index in enumerate(shown):
        row, column = divmod(place, columns)
        ax = layout.add_axes_mm(
            figure,
            column * (cell_width + MONTAGE_GAP_MM),
            top + row * (cell_height + MONTAGE_GAP_MM),
            cell_width,
            cell_height,
        )
        layout.show_image(ax, masks[index].astype(np.uint8) * 255)
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set(visible=True, color=colours[index], linewidth=1.2)
        if place == 0:
            words = "Binary masks"
            if len(shown) < len(masks):
                words += f" of the {len(shown)} largest of {len(masks)} particles"
            layout.panel_letter(ax, "d", words)
    data = pd.DataFrame(
        [
            {
                "image_id": picture.image_id,
                "particle": numbers[index],
                "voxels": int(np.count_nonzero(labels == numbers[index])),
                "mask_area_px": int(masks[index].sum()),
                "colour": colours[index],
            }
            for index in range(len(masks))
        ]
    )
    facts = {
        "scene": picture.image_id,
        "particles": len(masks),
        "domain_voxels": [labels.shape[2], labels.shape[1], labels.shape[0]],
        "voxel_size_nm": picture.pixel_size_nm,
        "scale_bar_nm": length,
        "overlapping_pixels": int((np.sum(masks, axis=0) > 1).sum()) if masks else 0,
    }
    return style.Drawing(figure, data, facts)


def _montage(
    count: int, width: float, aspect: float, low: float, high: float
) -> tuple[int, float, float, float]:
    """Columns, cell size and height (mm) of `count` images that fill a width.

    Between the heights low and high if that can be; then that of the fewest empty cells.
    """
    found = []
    for columns in range(1, max(count, 1) + 1):
        rows = -(-count // columns) or 1
        cell = (width - (columns - 1) * MONTAGE_GAP_MM) / columns
        height = rows * (cell / aspect + MONTAGE_GAP_MM) - MONTAGE_GAP_MM
        beyond = max(low - height, height - high, 0.0)
        found.append((beyond, rows * columns - count, columns, cell, height))
    _, _, columns, cell, height = min(found)
    return columns, cell, cell / aspect, height
