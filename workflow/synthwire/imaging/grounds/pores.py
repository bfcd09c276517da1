"""Pores: two phases, one in the other, with borders more or less sharp."""

from __future__ import annotations

import numpy as np

from synthwire.imaging.grounds.fields import band, log_uniform


def pores(shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """Field (Y, X) of a band of noise cut at a level: worms at its middle, islands elsewhere."""
    period = log_uniform(60, 1500, rng) / voxel_size_nm
    field = band(shape, period, 2 * period, 0.5, rng)
    field /= max(float(field.std()), 1e-12)
    level = rng.uniform(-1.2, 1.2)
    width = log_uniform(0.05, 0.8, rng)
    return np.tanh((field - level) / width)
