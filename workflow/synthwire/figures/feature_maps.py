"""What the levels of the feature pyramid see (paper, Supplementary Note 6)."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthwire.datasets.annotated_images import AnnotatedImage
from synthwire.errors import InputError
from synthwire.figures.kit import layout, scales, style


def magnitude(features: np.ndarray) -> np.ndarray:
    """Root mean square over the channels of features (C, h, w), scaled to 0–1: (h, w)."""
    size = np.sqrt(np.square(features.astype(np.float64)).mean(axis=0))
    span = np.ptp(size)
    return (size - size.min()) / span if span > 0 else np.zeros_like(size)


def principal_colours(features: np.ndarray) -> np.ndarray:
    """The three main components of the channels as red, green, blue: (h, w, 3) in 0–1.

    Places of the same colour have alike features. Each component runs from its 2nd to its 98th
    percentile; its sign is such that its longest tail is bright.
    """
    channels, height, width = features.shape
    flat = features.reshape(channels, -1).astype(np.float64).T
    flat = flat - flat.mean(axis=0)
    left, singular, _ = np.linalg.svd(flat, full_matrices=False)
    scores = (left * singular)[:, :3]
    if scores.shape[1] < 3:
        scores = np.pad(scores, ((0, 0), (0, 3 - scores.shape[1])))
    scores = scores * np.where((scores**3).sum(axis=0) < 0, -1.0, 1.0)
    low, high = np.percentile(scores, [2, 98], axis=0)
    scaled = (scores - low) / np.where(high > low, high - low, 1.0)
    return np.clip(scaled, 0, 1).reshape(height, width, 3)


@style.styled
def draw_feature_maps(
    picture: AnnotatedImage, levels: Mapping[str, np.ndarray], model: str
) -> style.Drawing:
    """(a) the image and, for each level, the size of its features; below their main components.

    levels: name of a level ("P2", finest first) → features (C, h, w) of the whole picture, without
        padding. InputError where a level is no such array.
    """
    for name, features in levels.items():
        if features.ndim != 3 or not np.isfinite(features).all():
            raise InputError(
                f"features of level {name}: expected finite numbers (channels, height, width), "
                f"found shape {features.shape}"
            )
    count = len(levels) + 1
    figure, rows = layout.image_grid([[picture.aspect] * count] * 2)
    layout.show_image(rows[0][0], picture.pixels)
    scales.scale_bar(rows[0][0], picture.pixels, picture.pixel_size_nm, picture.pixel_size_assumed)
    layout.panel_letter(rows[0][0], "a", "image")
    extent = (0, picture.width, picture.height, 0)
    records = []
    for number, (name, features) in enumerate(levels.items(), start=1):
        _, height, width = features.shape
        upper, lower = rows[0][number], rows[1][number]
        options: dict[str, Any] = {"extent": extent, "aspect": "auto", "interpolation": "nearest"}
        upper.imshow(magnitude(features), cmap="cividis", vmin=0, vmax=1, **options)
        lower.imshow(principal_colours(features), **options)
        layout.panel_letter(upper, string.ascii_lowercase[number], f"{name}, {width} × {height}")
        layout.panel_letter(lower, string.ascii_lowercase[count - 1 + number], "components")
        size = np.sqrt(np.square(features.astype(np.float64)).mean(axis=0))
        records.append(
            {
                "level": name,
                "channels": features.shape[0],
                "height": height,
                "width": width,
                "least": size.min(),
                "median": np.median(size),
                "greatest": size.max(),
            }
        )
    facts = {
        "label": picture.label,
        "model": model,
        "levels": list(levels),
        "image_id": picture.image_id,
    }
    return style.Drawing(figure, pd.DataFrame(records), facts)
