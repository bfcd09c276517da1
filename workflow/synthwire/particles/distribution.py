"""Histograms and kernel densities of particle measures, for every drawer."""

from __future__ import annotations

import numpy as np

PERIOD_DEG = 180.0


def linear_density(values: np.ndarray, grid: np.ndarray, lower: float | None) -> np.ndarray:
    """Kernel density of `values` on `grid`, per unit of the values.

    Gaussian kernels with Scott's bandwidth; mass that would leak below `lower` is reflected there.
    Zeros where it is not defined: fewer than two values, or all of them equal.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return np.zeros_like(grid, dtype=float)
    width = np.std(values, ddof=1) * len(values) ** (-1 / 5)
    density = _mean_of_kernels(grid[:, None] - values, width)
    if lower is not None:
        mirrored = _mean_of_kernels((2 * lower - grid)[:, None] - values, width)
        density = np.where(grid >= lower, density + mirrored, 0.0)
    return density


def _mean_of_kernels(distances: np.ndarray, width: float) -> np.ndarray:
    """Mean along the last axis of Gaussians at these distances from their centres."""
    return np.exp(-0.5 * (distances / width) ** 2).mean(axis=-1) / (width * np.sqrt(2 * np.pi))


def periodic_density(
    angles: np.ndarray, grid: np.ndarray, period: float = PERIOD_DEG
) -> np.ndarray:
    """Kernel density of angles on a circle of `period`, per degree: equal at 0 and at the period.

    Wrapped Gaussian kernels. Their width is Scott's for the circular standard deviation (at most
    that of the uniform distribution). Zeros for fewer than two angles.
    """
    if len(angles) < 2:
        return np.zeros_like(grid, dtype=float)
    resultant = abs(np.exp(2j * np.pi * angles / period).mean())
    uniform = period / np.sqrt(12)
    spread = np.sqrt(-2 * np.log(np.clip(resultant, 1e-12, 1.0))) * period / (2 * np.pi)
    width = max(min(spread, uniform) * len(angles) ** (-1 / 5), period / 180)
    turns = np.arange(-3, 4) * period
    images = (angles[:, None] + turns).ravel()  # each angle once a turn
    return len(turns) * _mean_of_kernels(grid[:, None] - images, width)


def histogram_edges(
    values: np.ndarray, lower: float, upper: float, least: int = 8, most: int = 24
) -> np.ndarray:
    """Bin edges by Freedman and Diaconis's rule, within `least` … `most` bins."""
    quartiles = np.percentile(values, [25, 75])
    width = 2 * (quartiles[1] - quartiles[0]) * len(values) ** (-1 / 3)
    count = int(np.ceil((upper - lower) / width)) if width > 0 else least
    return np.linspace(lower, upper, int(np.clip(count, least, most)) + 1)
