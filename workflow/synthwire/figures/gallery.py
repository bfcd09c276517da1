"""A gallery of what the generator makes: each shape and each preset, in 3D, as image, as masks."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.figures.kit import layout, scales, style
from synthwire.figures.kit.overlay import blend_instances, choose_colours, draw_outlines
from synthwire.figures.kit.volume import render_volume
from synthwire.imaging.compression import density_image
from synthwire.imaging.projection import View
from synthwire.schema import section_defaults
from synthwire.structures.scene import generate_scene
from synthwire.structures.shapes import SHAPES

VIEW_ASPECT = 1.75  # the 3D views are set on a field of this shape
GAP_MM = 1.2


@dataclass(frozen=True)
class Exhibit:
    """One scene of the gallery: its name, labelled volume (Z, Y, X) and voxel size."""

    name: str
    labels: np.ndarray
    voxel_size_nm: float


def make_exhibit(name: str, settings: Mapping, seed: int = 0, scene: int = 0) -> Exhibit:
    """Generate one scene from `settings` (the config's `structures`)."""
    made = generate_scene(settings, seed, scene)
    return Exhibit(name, made.labels, made.voxel_size_nm)


def shape_settings(shape: str, count: int = 9, side: int = 256) -> dict:
    """Structures that show one shape: some particles of it in a domain of 6 nm voxels."""
    if shape not in SHAPES:
        raise InputError(f"gallery: no shape '{shape}'; there are {', '.join(SHAPES)}")
    round_ones = {"sphere", "flake", "agglomerate"}
    long: dict[str, Any] = {"length_nm": {"distribution": "uniform", "low": 500, "high": 1100}}
    long["aspect_ratio"] = {"distribution": "uniform", "low": 6, "high": 10}
    compact: dict[str, Any] = {"length_nm": {"distribution": "uniform", "low": 200, "high": 450}}
    compact["aspect_ratio"] = 1.0 if shape == "sphere" else 1.3
    size = compact if shape in round_ones else long
    thickness = {"sphere": 1.0, "cylinder": 1.0, "flake": 0.25, "nanobelt": 0.25}.get(shape, 0.7)
    return {
        "scenes": 1,
        "scenes_per_shard": 1,
        "domain": [side, side, side // 2],
        "voxel_size_nm": 6,
        "border": "cut",
        "populations": [
            {
                "name": shape,
                "count": count,
                "particles": [{"shape": shape, "thickness_ratio": thickness, **size}],
            }
        ],
    }


@style.styled
def draw_gallery(exhibits: Sequence[Exhibit], *, columns: int = 2) -> style.Drawing:
    """One row an exhibit: 3D view, optical-density image, masks; in `columns` columns of rows.

    InputError without exhibits.
    """
    if not exhibits:
        raise InputError("the gallery is empty: name at least one shape or preset")
    columns = min(columns, len(exhibits))
    rows = -(-len(exhibits) // columns)
    gutter = 5.0
    width = (style.DOUBLE_COLUMN_MM - gutter * (columns - 1)) / columns
    height = (width - 2 * GAP_MM) / (VIEW_ASPECT + 2)
    height = min(height, style.PAGE_HEIGHT_MM / rows - layout.TITLE_MM - 1.2)
    width = height * (VIEW_ASPECT + 2) + 2 * GAP_MM
    pitch = height + layout.TITLE_MM + 1.2
    figure = layout.new_figure(width * columns + gutter * (columns - 1), rows * pitch)
    records: list[dict[str, Any]] = []
    for number, exhibit in enumerate(exhibits):
        column, row = divmod(number, rows)
        left, top = column * (width + gutter), row * pitch + layout.TITLE_MM
        beam = View.of(exhibit.labels)
        masks = [mask for mask in beam.masks if mask.any()]
        image = density_image(beam, section_defaults("compression"))
        present = np.flatnonzero(np.bincount(exhibit.labels.ravel())[1:]) + 1
        colours = choose_colours(masks)
        view = render_volume(
            exhibit.labels, dict(zip(present.tolist(), colours, strict=True)), width_px=700
        )
        ax = layout.add_axes_mm(figure, left, top, height * VIEW_ASPECT, height)
        ax.set_axis_off()
        ax.imshow(view)
        ax.set_anchor("C")
        letter = string.ascii_lowercase[number] if number < 26 else str(number + 1)
        frame = layout.add_axes_mm(figure, left, top, width, height)
        frame.set_axis_off()
        layout.panel_letter(frame, letter, exhibit.name)
        left += height * VIEW_ASPECT + GAP_MM
        for pixels in (image, blend_instances(image, masks, colours)):
            ax = layout.add_axes_mm(figure, left, top, height, height)
            ax.set_axis_off()
            layout.show_image(ax, pixels)
            left += height + GAP_MM
            if pixels is image:
                length = scales.scale_bar(ax, image, exhibit.voxel_size_nm)
        draw_outlines(ax, masks, colours, linewidth=0.5)
        records.append(
            {
                "panel": letter,
                "name": exhibit.name,
                "particles": len(masks),
                "voxel_size_nm": exhibit.voxel_size_nm,
                "domain_voxels": " × ".join(map(str, exhibit.labels.shape[::-1])),
                "pile_height_voxels": beam.pile_height,
                "filled_percent": 100 * np.count_nonzero(exhibit.labels) / exhibit.labels.size,
                "scale_bar_nm": length,
            }
        )
    facts = {
        "names": [exhibit.name for exhibit in exhibits],
        "scale_bars_nm": sorted({row["scale_bar_nm"] for row in records}),
    }
    return style.Drawing(figure, pd.DataFrame(records), facts)
