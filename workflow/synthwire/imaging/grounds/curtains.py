"""Curtains: streaks of ion milling, polishing and scanning, all one way, that end in no tip."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from synthwire.imaging.grounds.fields import band, log_uniform


def curtains(shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """Field (Y, X) that varies across one direction alone, a little stronger here than there."""
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    width = log_uniform(10, 100, rng) / voxel_size_nm
    reach = int(np.ceil(np.hypot(*shape))) + 2
    profile = ndimage.gaussian_filter1d(rng.standard_normal(2 * reach), width / 2, mode="wrap")
    rows, columns = np.indices(shape)
    place = rows * np.cos(angle) - columns * np.sin(angle) + reach
    streaks = np.interp(place.ravel(), np.arange(2 * reach), profile).reshape(shape)
    streaks = (streaks - streaks.mean()) / max(float(streaks.std()), 1e-12)
    clouds = band(shape, max(shape) / 4, max(shape), 1.0, rng)
    clouds /= max(float(np.abs(clouds).max()), 1e-12)
    return streaks * (1 + rng.uniform(0, 0.6) * clouds)
