"""Grain: coloured noise of any roughness, as amorphous films, polymers and rough metals show it."""

from __future__ import annotations

import numpy as np

from synthwire.imaging.grounds.fields import band, log_uniform


def grain(shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """Field (Y, X) between fine grain and clouds, now and then longer one way, or skew."""
    smallest = log_uniform(12, 400, rng) / voxel_size_nm
    largest = smallest * log_uniform(1.5, 30, rng)
    stretch = 1.0 if rng.random() < 0.7 else log_uniform(1, 3, rng)
    angle = rng.uniform(0, np.pi)
    slope = rng.uniform(0, 1.5)
    field = band(shape, smallest, largest, slope, rng, stretch=stretch, angle=angle)
    field /= max(float(field.std()), 1e-12)
    skew = rng.uniform(-0.6, 0.6)  # bright grains on dark, or dark pits in bright
    return field if abs(skew) < 0.2 else np.exp(skew * field) / skew
