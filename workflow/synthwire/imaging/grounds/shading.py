"""Shading: uneven illumination, charge, a grid bar or the border of a film in the picture."""

from __future__ import annotations

import numpy as np

from synthwire.imaging.grounds.fields import band, log_uniform
from synthwire.imaging.microscopes.signal import smooth_field


def shading(shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """Field (Y, X) of slow clouds, a slope, a vignette, now and then one border across it."""
    high, wide = shape
    rows = np.linspace(-1, 1, high)[:, np.newaxis]
    columns = np.linspace(-1, 1, wide)
    clouds = band(shape, max(shape) / 3, 2 * max(shape), 1.0, rng)
    clouds = clouds / max(float(clouds.std()), 1e-12)
    slope = rng.standard_normal() * rows + rng.standard_normal() * columns
    field = rng.uniform(0, 1) * clouds + slope - rng.uniform(0, 1.5) * (rows**2 + columns**2)
    if rng.random() < 0.4:
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.7, 0.7)
        bend = rng.uniform(0, 0.2) * smooth_field(shape, max(shape) / 6, rng)
        across = rows * np.cos(angle) + columns * np.sin(angle) - offset + bend
        soft = log_uniform(6, 80, rng) / voxel_size_nm / max(shape)
        field = field + rng.uniform(-4, 4) * np.tanh(across / soft)
    return field
