"""Cells: a polished metal's or a ceramic's grains, each of a grey of its own, borders etched."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, spatial

from synthwire.imaging.grounds.fields import log_uniform
from synthwire.imaging.microscopes.signal import gaussian_px, smooth_field


def cells(shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """Field (Y, X) of the Voronoi cells of random points, bent, with lines between them."""
    size = log_uniform(150, 1500, rng) / voxel_size_nm
    margin = 2 * size
    sides = np.array(shape) + 2 * margin
    points = rng.uniform(0, sides, (int(np.ceil(sides.prod() / size**2)) + 4, 2)) - margin
    bend = rng.uniform(0, 0.3) * size
    rows, columns = np.indices(shape).astype(float)
    rows += bend * smooth_field(shape, size / 2, rng)
    columns += bend * smooth_field(shape, size / 2, rng)
    _, nearest = spatial.cKDTree(points).query(np.stack([rows, columns], axis=-1))
    field = rng.standard_normal(len(points))[nearest] * rng.uniform(0, 1)
    if rng.random() < 0.5:
        border = ndimage.maximum_filter(nearest, 2) != ndimage.minimum_filter(nearest, 2)
        field = field + rng.uniform(-2.5, 2.5) * border
    return gaussian_px(field, rng.uniform(0.5, 2.5))
