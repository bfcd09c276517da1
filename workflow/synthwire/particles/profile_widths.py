"""Width of a wire by what an image shows across it, whatever its mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from synthwire.particles import tracing
from synthwire.particles.centrelines import Centreline

STEP = 0.5  # px across the line
LEAST_REACH = 6.0  # px beyond the mask's edge: three times the blur of the softest instrument
LEAST_CONTRAST = 0.5  # of the wire's median; below, another particle lies beside this one there


def add_profile_widths(line: Centreline, image: np.ndarray) -> Centreline:
    """The same line with its widths by the image's intensities, see `profile_widths`."""
    return replace(line, profile_widths=profile_widths(image, line))


def profile_widths(image: np.ndarray, line: Centreline) -> np.ndarray:
    """Full width at half maximum (n,) across a centre-line, in px of the image.

    image: (height, width), particles bright on dark. The half is between the middle sixth of the
    wire and the least value beside it, on each side its own; profiles are averaged over one width
    along the line. NaN where the mask has no width, at the image's edge, and where another
    particle beside or across the wire leaves no ground.
    """
    found = np.full(len(line.points), np.nan)
    known = np.isfinite(line.widths)
    if known.sum() < 2:
        return found
    width = tracing.median(line.widths[known])
    reach = width / 2 + max(LEAST_REACH, width / 2)
    values = tracing.profiles(image, line.points, line.tangents, reach, STEP)
    spacing = float(line.along[-1]) / (len(line.points) - 1)
    values = uniform_filter1d(values, max(1, round(width / spacing)), axis=0, mode="nearest")
    middle = values.shape[1] // 2
    half_core = max(1, round(width / 12 / STEP))
    top = values[:, middle - half_core : middle + half_core + 1].mean(axis=1)
    edge = int(width / 2 / STEP)
    total = np.zeros(len(found))
    for side in (values[:, middle::-1], values[:, middle:]):
        ground = side[:, edge:].min(axis=1)
        contrast = top - ground
        usable = known & np.isfinite(contrast)
        if not usable.any():
            return found
        usable &= contrast >= LEAST_CONTRAST * max(tracing.median(contrast[usable]), 1e-9)
        total += np.where(usable, _crossing(side, (top + ground) / 2), np.nan)
    return total


def _crossing(side: np.ndarray, level: np.ndarray) -> np.ndarray:
    """How far from its first column each row of (n, samples) falls below a level (n,), in px."""
    below = side < level[:, None]
    place = np.argmax(below, axis=1)
    rows = np.arange(len(side))
    before = np.maximum(place - 1, 0)
    drop = side[rows, before] - side[rows, place]
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = STEP * (before + (side[rows, before] - level) / drop)
    return np.where(place > 0, distance, np.nan)
