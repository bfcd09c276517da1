"""The distribution of one feature of many particles, as every drawer shows it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

PERIOD_DEG = 180.0  # of a particle's orientation
CIRCULAR_BINS = 12

Kind = Literal["linear", "log", "circular"]


class Histogram(NamedTuple):
    """A histogram and a kernel density of the same values.

    edges: (bins + 1,), and grid: (points,), in the values' unit; evenly spaced, of a logarithmic
        feature in its logarithm.
    counts: (bins,), values in each bin.
    heights: (bins,), and density: (points,), per unit of the values, and per decade of a
        logarithmic feature; each covers an area of 1, or is all zeros where it is not defined.
    """

    edges: np.ndarray
    counts: np.ndarray
    heights: np.ndarray
    grid: np.ndarray
    density: np.ndarray


def histogram_with_density(
    values: np.ndarray,
    kind: Kind = "linear",
    *,
    pooled: np.ndarray | None = None,
    lower: float | None = None,
    bins_from_lower: bool = False,
    margin: float = 0.06,
    points: int = 361,
) -> Histogram:
    """Histogram and kernel density of one feature, for a chart.

    values: those of one series, in their own unit; may be empty.
    kind: how the feature counts. "linear"; "log", for positive values over many scales, whose
        bins and kernels are those of log10; "circular", for orientations in degrees.
    pooled: the values of all series in the chart, which then share bins and grid.
    lower: what a linear feature cannot fall below; the density is reflected there.
    bins_from_lower: bins begin at `lower`, not at the least value.
    margin: how far the grid goes beyond the bins, as a share of their span; not below `lower`.
    points: of the grid.

    Heights are `counts` over number and bin width: a curve in counts per bin is
    density × len(values) × bin width.
    """
    values = np.asarray(values, dtype=float)
    pooled = values if pooled is None else np.asarray(pooled, dtype=float)
    if kind == "circular":
        values = values % PERIOD_DEG
        edges = np.linspace(0, PERIOD_DEG, CIRCULAR_BINS + 1)
        grid = np.linspace(0, PERIOD_DEG, points)
        density = periodic_density(values, grid)
    else:
        if kind == "log":
            values, pooled, lower = np.log10(values), np.log10(pooled), None
        edges = _edges(pooled, lower if bins_from_lower else None)
        reach = margin * (edges[-1] - edges[0])
        start = edges[0] - reach if lower is None else max(lower, edges[0] - reach)
        grid = np.linspace(start, edges[-1] + reach, points)
        density = linear_density(values, grid, lower)
    counts = np.histogram(values, edges)[0]
    heights = counts / (max(len(values), 1) * np.diff(edges))
    if kind == "log":
        edges, grid = 10**edges, 10**grid
    return Histogram(edges, counts, heights, grid, density)


def _edges(values: np.ndarray, start: float | None) -> np.ndarray:
    """Bin edges from `start`, or from the least value, to the greatest."""
    if not len(values):
        return histogram_edges(np.zeros(1), 0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if start is not None:
        low = min(low, start)
    if high <= low:
        low, high = low - (0.5 if start is None else 0.0), high + 0.5
    return histogram_edges(values, low, high)


def histogram_edges(
    values: np.ndarray, lower: float, upper: float, least: int = 8, most: int = 24
) -> np.ndarray:
    """Bin edges by Freedman and Diaconis's rule, within `least` … `most` bins."""
    # Not numpy's bins="fd", which lays out all bins before we could limit their number: one value
    # far from many nearly equal ones asks for more of them than the memory holds.
    quartiles = np.percentile(values, [25, 75])
    width = 2 * (quartiles[1] - quartiles[0]) * len(values) ** (-1 / 3)
    count = np.ceil((upper - lower) / width) if width > 0 else least
    return np.linspace(lower, upper, int(np.clip(count, least, most)) + 1)


def linear_density(values: np.ndarray, grid: np.ndarray, lower: float | None) -> np.ndarray:
    """Kernel density of `values` on `grid`, per unit of the values.

    Gaussian kernels with Scott's bandwidth; mass that would leak below `lower` is reflected there.
    Zeros where it is not defined: fewer than two values, or all of them equal.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return np.zeros_like(grid, dtype=float)
    width = float(values.std(ddof=1)) * len(values) ** (-1 / 5)
    density = _gaussians(values, width, grid)
    if lower is None:
        return density
    return np.where(grid >= lower, density + _gaussians(values, width, 2 * lower - grid), 0.0)


def periodic_density(
    angles: np.ndarray, grid: np.ndarray, period: float = PERIOD_DEG
) -> np.ndarray:
    """Kernel density of angles on a circle of `period`, per degree: equal at 0 and at the period.

    Wrapped Gaussian kernels. Their width is Scott's for the circular standard deviation (at most
    that of the uniform distribution). Zeros for fewer than two angles.
    """
    if len(angles) < 2:
        return np.zeros_like(grid, dtype=float)
    length = np.clip(abs(resultant(angles, period)), 1e-300, 1.0)
    spread = min(period / (2 * np.pi) * np.sqrt(-2 * np.log(length)), period / np.sqrt(12))
    width = max(spread * len(angles) ** (-1 / 5), period / 180)
    turns = np.arange(-3, 4) * period
    images = np.add.outer(angles, turns).ravel()  # each angle once a turn
    return len(turns) * _gaussians(images, width, grid)


def resultant(angles: np.ndarray, period: float = PERIOD_DEG) -> complex:
    """Mean of the unit vectors of angles on a circle of `period`; its length is 1 where all angles
    are one, and about 0 where none prevails.
    """
    return complex(np.exp(2j * np.pi / period * np.asarray(angles)).mean())


def _gaussians(values: np.ndarray, width: float, grid: np.ndarray) -> np.ndarray:
    """Mean of the normal densities about values, at the points of a grid."""
    away = np.subtract.outer(grid, values) / width
    return np.exp(-(away**2) / 2).mean(axis=1) / (np.sqrt(2 * np.pi) * width)
