"""Holey film: a support with round holes, thicker at their rims, often with a fringe."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from synthwire.imaging.grounds.fields import log_uniform
from synthwire.imaging.microscopes.signal import gaussian_px, smooth_field


def holey_film(
    shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator
) -> np.ndarray:
    """Field (Y, X), low in the holes or high in them; in rows (a lattice) or anywhere."""
    radius = log_uniform(120, 4000, rng) / voxel_size_nm
    spacing = radius * rng.uniform(2.2, 4)
    count = [int(np.ceil(side / spacing)) + 2 for side in shape]
    grid = np.stack(np.meshgrid(*map(np.arange, count), indexing="ij"), axis=-1).reshape(-1, 2)
    loose = 0.05 if rng.random() < 0.5 else 0.5
    centres = (grid - 1 + rng.uniform(0, 1, 2) + loose * rng.standard_normal(grid.shape)) * spacing
    # turned by a random angle about the image's middle
    angle = rng.uniform(0, np.pi / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(shape) / 2
    centres = (centres - middle) @ turn.T + middle
    radii = radius * np.exp(rng.uniform(0, 0.4) * rng.standard_normal(len(centres)))
    rows, columns = np.indices(shape).astype(float)
    bend = rng.uniform(0, 0.15) * radius
    rows += bend * smooth_field(shape, radius, rng)
    columns += bend * smooth_field(shape, radius, rng)
    hole = np.zeros(shape, dtype=bool)
    for (y, x), reach in zip(centres, radii, strict=True):
        hole |= (rows - y) ** 2 + (columns - x) ** 2 < reach**2
    distance = ndimage.distance_transform_edt(hole) - ndimage.distance_transform_edt(~hole)
    soft = rng.uniform(0.7, 4)
    field = np.tanh(distance / soft)
    rim = log_uniform(10, 120, rng) / voxel_size_nm
    field = field + rng.uniform(-1.2, 1.2) * np.exp(-((distance / rim) ** 2))
    field = field * (1 if rng.random() < 0.5 else -1)
    return gaussian_px(field, rng.uniform(0, 1))
