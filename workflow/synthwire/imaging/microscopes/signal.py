"""Pieces that the virtual microscopes share: blur, random fields, grey values."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy import interpolate, ndimage

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


def interpolate_cubic(coarse: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Cubic spline through a coarse grid at rows × columns (in its pixels, clamped to it)."""
    height, width = coarse.shape
    spline = interpolate.RectBivariateSpline(
        np.arange(height), np.arange(width), coarse, kx=min(3, height - 1), ky=min(3, width - 1)
    )
    return spline(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1))


def gaussian_px(image: np.ndarray, sigma: float | tuple[float, float]) -> np.ndarray:
    """Gaussian blur of an image (Y, X) with a standard deviation in pixels, or one along each axis.

    The cost of a direct blur grows with its width. A wide one is done on blocks of pixels, whose
    own variance is taken off, and enlarged again; the difference is some 0.1 % of the contrast.
    """
    sigmas = np.broadcast_to(np.maximum(sigma, 0.0), 2)
    high, wide = (max(1, int(each / 4)) for each in sigmas)
    if high == wide == 1:
        return ndimage.gaussian_filter(image, sigmas, mode="nearest")
    padding = [
        (block, block + -side % block)
        for block, side in zip((high, wide), image.shape, strict=True)
    ]
    padded = np.pad(image, padding, mode="edge")
    rows, columns = padded.shape[0] // high, padded.shape[1] // wide
    blocks = padded.reshape(rows, high, columns, wide).mean(axis=(1, 3))
    rest = [
        np.sqrt(each**2 - (block**2 - 1) / 12) / block
        for each, block in zip(sigmas, (high, wide), strict=True)
    ]
    blocks = ndimage.gaussian_filter(blocks, rest, mode="nearest")
    y, x = (
        (np.arange(side) + 0.5) / block + 0.5
        for block, side in zip((high, wide), image.shape, strict=True)
    )
    return interpolate_cubic(blocks, y, x)


def gaussian_nm(image: np.ndarray, sigma_nm: float, voxel_size_nm: float) -> np.ndarray:
    """Gaussian blur of an image (Y, X) with a standard deviation in nm."""
    return gaussian_px(image, sigma_nm / voxel_size_nm)


def smooth_field(shape: tuple[int, int], scale_px: float, rng: np.random.Generator) -> np.ndarray:
    """Random field (Y, X), mean 0 and standard deviation 1, that varies over about `scale_px`."""
    # Drawn on a coarse grid and enlarged: a blur over hundreds of pixels would cost seconds.
    step = max(1.0, scale_px / 4)
    coarse = [int(np.ceil(side / step)) + 8 for side in shape]
    field = ndimage.gaussian_filter(rng.standard_normal(coarse), scale_px / step, mode="wrap")
    if step == 1:
        field = field[: shape[0], : shape[1]]
    else:
        field = interpolate_cubic(field, *(np.arange(side) / step for side in shape))
    spread = field.std()
    return (field - field.mean()) / spread if spread > 0 else field * 0.0


def quantise(grey: np.ndarray) -> np.ndarray:
    """uint8 image of grey values where 1.0 is full scale; what lies outside 0…1 is clipped."""
    return np.rint(255 * np.clip(grey, 0.0, 1.0)).astype(np.uint8)


def add_ground(density: np.ndarray, ground: np.ndarray | None) -> np.ndarray:
    """An optical density (Y, X) with that of a support, whose unevenness is `View.ground`.

    A relative change of 1 is as dense as the densest particles (their 99th percentile), or 0.1
    where there are none; the support is nowhere below 0.
    """
    if ground is None:
        return density
    full = max(float(np.percentile(density, 99)), 0.1)
    return density + full * (ground - ground.min())


class DensitySettings(Protocol):
    """What a microscope's settings say of how an optical density becomes grey.

    haze, haze_nm: share of what lies within this reach that is added everywhere, unevenly.
    black_level: optical density, of the full scale, that is black. clipped_percent: of the pixels,
    the brightest, that are white. gamma: exponent of the grey.
    """

    @property
    def haze(self) -> float: ...

    @property
    def haze_nm(self) -> float: ...

    @property
    def black_level(self) -> float: ...

    @property
    def clipped_percent(self) -> float: ...

    @property
    def gamma(self) -> float: ...


def render_density(
    density: np.ndarray,
    settings: DensitySettings,
    voxel_size_nm: float,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
) -> np.ndarray:
    """uint8 image of an optical density (Y, X): haze and noise added, then the grey.

    noise: standard deviation, of the full scale; the rest by the microscope's settings.
    """
    grey = density / max(np.percentile(density, 100 - settings.clipped_percent), 1e-3)
    reach_px = settings.haze_nm / voxel_size_nm
    uneven = np.exp(0.8 * smooth_field(grey.shape, 2 * reach_px, rng))
    grey = grey + settings.haze * gaussian_px(grey, reach_px) * uneven
    if noise > 0:
        grey = grey + noise * rng.standard_normal(grey.shape)
    grey = np.maximum(grey - settings.black_level, 0.0) / (1 - settings.black_level)
    return quantise(grey**settings.gamma)
