"""How noisy a picture is, and how wide its sharpest edges are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

# An edge of a Gaussian profile rises from a tenth to nine tenths over so many of its deviations.
RISE = 2.563
FINE, COARSE = 1.0, 2.0  # px; standard deviations of the two smoothings that are compared
RESOLVED = 2.6  # px; up to here the comparison tells a blur for sure, beyond it a smaller picture
FACTORS = (2, 4, 8, 16)  # of the smaller pictures
LEAST_SIDE = 32  # px of a smaller picture
SAMPLE_PX = 1024  # side of the middle part that stands for a larger image
STRONG = 0.65  # of the steepest gradient; of such edges the sharpest quarter counts
ABOVE_NOISE = 6.0  # how far a gradient stands above that of noise, in its deviations
LEAST_PIXELS = 50
# Standard deviation that a smoothed gradient has of noise of deviation 1.
NOISE_OF_GRADIENT = 1 / (np.sqrt(8 * np.pi) * FINE**2)
NORMAL_MAD = 0.6745  # median of the absolute values of a standard normal variable


class Edges(NamedTuple):
    """width_px: of the sharpest, from a tenth to nine tenths of their height; None where none
    stands above the noise. strength: of the steepest, in gradients that noise has by chance.
    """

    width_px: float | None
    strength: float


def noise_level(image: np.ndarray) -> float:
    """Standard deviation of the noise of a grey image (height, width), in its grey values.

    From the median of the mixed second differences, to which an edge contributes only at its
    corners. Noise that a camera or a program has smoothed counts for less.
    """
    pixels = image.astype(np.float32)
    mixed = pixels[:-1, :-1] - pixels[1:, :-1] - pixels[:-1, 1:] + pixels[1:, 1:]
    return float(np.median(np.abs(mixed[::2, ::2])) / NORMAL_MAD / 2)


def sharpest_edges(image: np.ndarray) -> Edges:
    """The sharpest edges of a grey image (height, width), of large ones in their middle.

    A step that a Gaussian of deviation s has blurred loses the less by a further smoothing the
    wider it is: the gradients after smoothings by a and b are as √(s² + b²) to √(s² + a²)
    (Zhuo & Sim, Pattern Recognition 44, 1852 (2011)). Where s is large against them, the image is
    made smaller first.
    """
    rows, columns = (
        slice(max(0, (side - SAMPLE_PX) // 2), (side + SAMPLE_PX) // 2) for side in image.shape
    )
    picture = image[rows, columns].astype(np.float32)
    width, strength = None, 0.0
    for factor in FACTORS:
        if min(picture.shape) < 2 * LEAST_SIDE:
            break
        picture = _halved(picture)
        blur, stands_out = _blur(picture)
        strength = max(strength, stands_out)
        if blur is not None:
            width = RISE * factor * blur
            if blur < RESOLVED:
                break
    return Edges(width, strength)


def _halved(picture: np.ndarray) -> np.ndarray:
    height, width = (side // 2 * 2 for side in picture.shape)
    even = picture[:height, :width]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4


def _blur(picture: np.ndarray) -> tuple[float | None, float]:
    """Deviation in pixels of the blur of the sharpest edges, and how strong the steepest are."""
    fine = ndimage.gaussian_filter(picture, FINE, truncate=3)
    coarse = ndimage.gaussian_filter(fine, np.sqrt(COARSE**2 - FINE**2), truncate=3)
    first, second = _gradient(fine), _gradient(coarse)
    steepest = float(np.percentile(first, 99.5))
    by_noise = max(noise_level(picture), 0.1) * NOISE_OF_GRADIENT
    strong = first > max(STRONG * steepest, ABOVE_NOISE * by_noise)
    if np.count_nonzero(strong) < LEAST_PIXELS:
        return None, steepest / by_noise
    ratio = np.clip(first[strong] / second[strong], 1.001, COARSE / FINE - 0.001)
    variance = (COARSE**2 - (ratio * FINE) ** 2) / (ratio**2 - 1)
    return float(np.sqrt(np.percentile(variance, 25))), steepest / by_noise


def _gradient(picture: np.ndarray) -> np.ndarray:
    down = picture[2:, 1:-1] - picture[:-2, 1:-1]
    across = picture[1:-1, 2:] - picture[1:-1, :-2]
    return np.hypot(down, across) / 2
