"""Scales: the bar on an image that tells its size, and the logarithmic axis of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter


def round_length(target: float) -> float:
    """The greatest of 1, 2, 5 × 10^k that is not above `target`."""
    if not target > 0:
        raise ValueError(f"a scale bar needs a positive length, not {target}")
    power = 10.0 ** math.floor(math.log10(target) + 1e-9)
    return max(factor * power for factor in (1, 2, 5) if factor * power <= target * (1 + 1e-9))


def length_label(length_nm: float) -> str:
    """`length_nm` in nm below 1 µm and in µm from there."""
    return f"{length_nm / 1000:g} µm" if length_nm >= 1000 else f"{length_nm:g} nm"


def bar_length(width_nm: float) -> float:
    """Length in nm of the scale bar of an image of that width."""
    return round_length(0.3 * width_nm)


def left_is_darker(pixels: np.ndarray) -> bool:
    """Whether the left one of the two lower corners of an image (H, W[, 3]) is the darker."""
    height, width = pixels.shape[:2]
    foot = pixels[-max(height // 6, 1) :].astype(float)
    return bool(foot[:, : max(width // 2, 1)].mean() < foot[:, width // 2 :].mean())


def scale_bar(
    ax: Axes,
    pixels: np.ndarray,
    pixel_size_nm: float | Sequence[float] | None,
    assumed: bool = False,
) -> float | None:
    """Draw a scale bar at the foot of an image; return its length in nm.

    pixels: the image shown, (H, W) or (H, W, 3); the bar, which is white, lies in the darker of
        the two lower corners.
    pixel_size_nm: one number, or [vertical, horizontal]; with None there is no bar and the result
        is None. The bar is horizontal and at most 0.3 of the image long.
    assumed: the label says that the pixel size is an assumption.
    """
    if pixel_size_nm is None:
        return None
    width = pixels.shape[1]
    horizontal = pixel_size_nm[1] if isinstance(pixel_size_nm, Sequence) else pixel_size_nm
    length, left = bar_length(width * horizontal), left_is_darker(pixels)
    fraction = length / (width * horizontal)
    start, end = (0.03, 0.03 + fraction) if left else (0.97 - fraction, 0.97)
    line = ax.plot(
        [start, end],
        [0.045, 0.045],
        transform=ax.transAxes,
        color="white",
        linewidth=2.0,
        solid_capstyle="butt",
        scalex=False,
        scaley=False,
    )[0]
    line.set_path_effects([patheffects.withStroke(linewidth=3.2, foreground="black")])
    ax.text(
        start if left else end,
        0.06,
        length_label(length) + (" (assumed)" if assumed else ""),
        transform=ax.transAxes,
        color="white",
        ha="left" if left else "right",
        va="bottom",
        fontsize=6.5,
        bbox={"facecolor": "black", "alpha": 0.6, "linewidth": 0, "pad": 0.8},
    )
    return length


def log_axis(ax: Axes, low: float, high: float) -> None:
    """A logarithmic x axis from low to high, with as many plainly written ticks as fit."""
    ax.set_xscale("log")
    decades = np.log10(high / low)
    subs = (1, 2, 5) if decades < 1.5 else ((1, 3) if decades < 2.5 else (1,))
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(low, high)


def plain_number(value: float, _position: object = None) -> str:
    """A tick label: plain up to 10 000, a power of ten beyond."""
    if value < 99_999:
        return f"{value:g}"
    power = int(np.floor(np.log10(value) + 1e-9))
    factor = round(value / 10**power)
    return f"${'' if factor == 1 else f'{factor} × '}10^{{{power}}}$"
