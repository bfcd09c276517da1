"""What two kinds of image have in common, in numbers: grey values, spatial frequencies, edges.

These are statistics of pixels alone. They may shape the virtual microscopes (so the README says);
outlines and scores choose nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, stats

SPECTRUM_BINS = 24


def grey_histogram(images: Sequence[np.ndarray]) -> np.ndarray:
    """Share of each of the 256 grey values over all images (uint8)."""
    counts = np.stack([np.bincount(np.ravel(image), minlength=256) for image in images])
    return counts.sum(axis=0) / counts.sum()


def histogram_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Wasserstein distance of two grey histograms, as a fraction of the range 0–255."""
    grey = np.arange(256) / 255
    return float(stats.wasserstein_distance(grey, grey, first, second))


def radial_spectrum(
    images: Sequence[np.ndarray], bins: int = SPECTRUM_BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Radially averaged power spectrum: (frequency in cycles per pixel, power), each (bins,).

    The mean is subtracted and a Hann window applied, then |FFT|² is divided by the window's energy
    so that images of different sizes compare; grey runs from 0 to 1. Bins are equal on a
    logarithmic axis from 1/64 to 1/2 cycles per pixel; structure coarser than 64 pixels is chance
    in a single image. The power of several images is averaged.
    """
    edges = np.geomspace(1 / 64, 0.5, bins + 1)
    total = np.zeros(bins)
    for image in images:
        grey = np.asarray(image, dtype=float) / 255
        window = np.outer(np.hanning(grey.shape[0]), np.hanning(grey.shape[1]))
        centred = (grey - np.average(grey, weights=window)) * window
        power = np.abs(np.fft.rfft2(centred)) ** 2 / (window**2).sum()
        radius = np.hypot(
            np.fft.fftfreq(grey.shape[0])[:, np.newaxis], np.fft.rfftfreq(grey.shape[1])
        )
        which = np.digitize(radius.ravel(), edges) - 1
        inside = (which >= 0) & (which < bins)
        sums = np.bincount(which[inside], power.ravel()[inside], minlength=bins)
        counts = np.bincount(which[inside], minlength=bins)
        with np.errstate(invalid="ignore"):
            total += sums / counts
    return np.sqrt(edges[:-1] * edges[1:]), total / len(images)


def spectrum_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square difference of two power spectra in decades; empty bins are left out."""
    both = np.isfinite(first) & np.isfinite(second) & (first > 0) & (second > 0)
    return float(np.sqrt(np.mean(np.log10(first[both] / second[both]) ** 2)))


def edge_width(
    images: Sequence[np.ndarray], *, smoothing_px: float = 1.0, reach_px: int = 6
) -> float:
    """Median width of the sharp edges in pixels: grey step over steepest slope.

    An edge blurred by a Gaussian of σ has the width √(2π)·σ. Edges are the ridges of the gradient
    (one pixel wide, along the gradient's direction) among the steepest fifth of all ridges; the
    step is taken within `reach_px` to both sides. `smoothing_px` keeps noise from making ridges,
    and its own share of the width is taken off in quadrature. NaN where there is no edge.
    """
    widths = []
    offsets = np.arange(-reach_px, reach_px + 0.25, 0.5)
    for image in images:
        grey = ndimage.gaussian_filter(np.asarray(image, dtype=float), smoothing_px)
        rows, columns = np.gradient(grey)
        slope = np.hypot(rows, columns)
        with np.errstate(invalid="ignore", divide="ignore"):
            normal = np.stack([rows, columns]) / slope
        y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
        ahead, behind = (
            ndimage.map_coordinates(
                slope, np.nan_to_num([y + s * normal[0], x + s * normal[1]]), order=1
            )
            for s in (1, -1)
        )
        margin = reach_px + 2
        # Noise has ridges too: edges stand well above the slope that most of the image has.
        ridge = (slope >= ahead) & (slope > behind)
        ridge &= slope > max(2.0, 5 * np.median(slope))
        ridge[:margin] = ridge[-margin:] = False
        ridge[:, :margin] = ridge[:, -margin:] = False
        if not ridge.any():
            continue
        ridge &= slope >= np.percentile(slope[ridge], 80)
        where = np.argwhere(ridge)
        direction = normal[:, ridge]
        profiles = ndimage.map_coordinates(
            grey,
            [
                where[:, axis, np.newaxis] + direction[axis][:, np.newaxis] * offsets
                for axis in (0, 1)
            ],
            order=1,
        )
        # The step belongs to this edge only as far as the profile keeps rising.
        middle = len(offsets) // 2
        rising = np.diff(profiles, axis=1) > 0
        up = np.cumprod(rising[:, middle:], axis=1).sum(axis=1)
        down = np.cumprod(rising[:, :middle][:, ::-1], axis=1).sum(axis=1)
        number = np.arange(len(profiles))
        step = profiles[number, middle + up] - profiles[number, middle - down]
        widths.append(step / slope[ridge])
    if not widths:
        return float("nan")
    measured = float(np.median(np.concatenate(widths)))
    own = np.sqrt(2 * np.pi) * smoothing_px
    return float(np.sqrt(max(measured**2 - own**2, 0.0)))


@dataclass(frozen=True)
class Likeness:
    """How alike two sets of images are.

    histogram_distance: Wasserstein distance of the grey values, fraction of the range.
    spectrum_difference: RMS difference of the radial power spectra, decades.
    edge_width_px: of the first and of the second set.
    """

    histogram_distance: float
    spectrum_difference: float
    edge_width_px: tuple[float, float]

    @property
    def edge_width_ratio(self) -> float:
        """Edge width of the second set over that of the first."""
        return self.edge_width_px[1] / self.edge_width_px[0]


def likeness(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], *, smoothing_px: float = 1.0
) -> Likeness:
    """Compare two sets of uint8 images of one kind and one pixel size."""
    return Likeness(
        histogram_distance(grey_histogram(first), grey_histogram(second)),
        spectrum_difference(radial_spectrum(first)[1], radial_spectrum(second)[1]),
        (
            edge_width(first, smoothing_px=smoothing_px),
            edge_width(second, smoothing_px=smoothing_px),
        ),
    )
