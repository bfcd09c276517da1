"""Pieces that the grounds share."""

from __future__ import annotations

import numpy as np


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """A number between two limits, uniform in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def band(
    shape: tuple[int, int],
    low_px: float,
    high_px: float,
    slope: float,
    rng: np.random.Generator,
    *,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> np.ndarray:
    """Random field (Y, X) with structure of the periods `low_px` to `high_px`, mean 0.

    Its amplitude spectrum falls as period**slope towards small periods, and smoothly to nothing
    outside the two. stretch: how many times longer the structure is along `angle`, in radians.
    """
    # drawn on twice the area, so that opposite borders do not match
    sides = [2 * side for side in shape]
    down, across = np.fft.fftfreq(sides[0])[:, np.newaxis], np.fft.rfftfreq(sides[1])
    along = across * np.cos(angle) + down * np.sin(angle)
    beside = down * np.cos(angle) - across * np.sin(angle)
    frequency = np.hypot(along * stretch, beside)
    period = 1 / np.maximum(frequency, 1e-6)
    amplitude = period**slope * np.exp(-((low_px / period) ** 2)) * np.exp(-period / high_px)
    amplitude[0, 0] = 0.0
    spectrum = np.fft.rfft2(rng.standard_normal(sides)) * amplitude
    return np.fft.irfft2(spectrum, s=sides)[: shape[0], : shape[1]]
