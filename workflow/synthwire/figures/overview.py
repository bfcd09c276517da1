"""Figure 1: the images of the three sets, and their annotation (paper Fig. 1)."""

from __future__ import annotations

import string
from collections.abc import Sequence

import pandas as pd

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import choose_colours, draw_outlines


@style.styled
def draw_overview(pictures: Sequence[AnnotatedImage]) -> style.Drawing:
    """(a, b, c …) one image of each set; below, the same with its outlines.

    Ignored (low-confidence) outlines are white and dashed. Images whose pixel size is known bear
    a scale bar.
    """
    count = len(pictures)
    aspects = [picture.aspect for picture in pictures]
    figure, rows = layout.image_grid([aspects, aspects])
    records = []
    for index, picture in enumerate(pictures):
        above, below = rows[0][index], rows[1][index]
        layout.show_image(above, picture.pixels)
        length = scales.scale_bar(
            above, picture.pixels, picture.pixel_size_nm, picture.pixel_size_assumed
        )
        layout.panel_letter(above, string.ascii_lowercase[index], picture.label)

        masks, ignored = picture.masks(), picture.masks(ignored=True)
        layout.show_image(below, picture.pixels)
        draw_outlines(below, ignored, "white", linewidth=0.6, dashed=True)
        draw_outlines(below, masks, choose_colours(masks), linewidth=0.8)
        words = f"{len(masks)} outline{'s' * (len(masks) != 1)}"
        if ignored:
            words += f", {len(ignored)} more ignored"
        layout.panel_letter(below, string.ascii_lowercase[count + index], words)
        for item in picture.annotations:
            x, y, width, height = item["bbox"]
            records.append(
                {
                    "panel": string.ascii_lowercase[count + index],
                    "image_set": picture.label,
                    "image_id": picture.image_id,
                    "annotation_id": item["id"],
                    "ignored": int(bool(item.get("iscrowd", 0))),
                    "area_px": item["area"],
                    "bbox_x_px": x,
                    "bbox_y_px": y,
                    "bbox_width_px": width,
                    "bbox_height_px": height,
                    "scale_bar_nm": length,
                }
            )
    facts = {
        "panels": [
            {
                "letter": string.ascii_lowercase[index],
                "annotation_letter": string.ascii_lowercase[count + index],
                "label": picture.label,
                "width_px": picture.width,
                "height_px": picture.height,
                "outlines": len(picture.rles()),
                "ignored": len(picture.rles(ignored=True)),
                "pixel_size_nm": picture.pixel_size_nm,
                "pixel_size_assumed": picture.pixel_size_assumed,
            }
            for index, picture in enumerate(pictures)
        ]
    }
    return style.Drawing(figure, pd.DataFrame(records), facts)
