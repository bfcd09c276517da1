"""The grey 8-bit form in which all models see an image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError

STRETCH_PERCENTILES = (0.1, 99.9)
_MOST = (2.0, 98.0)  # percentiles between which most pixels of an image are
_BEYOND = 4  # times their range: so wide a stretch serves a few pixels


def one_channel(pixels: np.ndarray) -> np.ndarray:
    """One number a pixel (height, width) from a grey or colour image, on the image's own scale.

    Colour and alpha as `to_grey8` says. InputError when the shape is no image's.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        if pixels.shape[2] == 4:
            if np.ptp(pixels[..., 3]) > 0:
                raise InputError("the image is partly transparent; save it without transparency")
            pixels = pixels[..., :3]
        if (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
            pixels = pixels[..., 0]
        else:
            weights = np.array([0.299, 0.587, 0.114])
            luminance = pixels.astype(float) @ weights
            pixels = np.rint(luminance).astype(np.uint8) if pixels.dtype == np.uint8 else luminance
    if pixels.ndim != 2:
        raise InputError(
            f"an array of shape {pixels.shape} is no image; "
            "(height, width) or (height, width, 3 or 4) is expected"
        )
    return pixels


def to_grey8(
    pixels: np.ndarray,
    *,
    percentiles: tuple[float, float] = STRETCH_PERCENTILES,
    where: np.ndarray | None = None,
) -> np.ndarray:
    """The uint8 grey image (height, width) that models see, from one image of any number type.

    - 8 bit grey goes through unchanged, as the paper's published images must.
    - Colour with three equal channels becomes that channel; other colour its luminance,
      0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    - A uniform alpha channel is dropped; one that varies is refused, since what it should hide is
      not known.
    - True/false becomes 255/0.
    - 16-bit, other integers and floats are stretched linearly so that the given percentiles of
      the finite pixels become 0 and 255, and clipped; NaN and −infinity become 0, +infinity 255.
      Single pixels and lines that would take most of the range, as a camera's hot ones, shape no
      contrast.
    - A constant image of such a type becomes 0 throughout.

    where: the pixels (height, width) that the percentiles are taken of; None: all.

    InputError when the shape is no image's or no pixel is finite.
    """
    pixels = one_channel(pixels)
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * np.uint8(255)
    values = pixels.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        raise InputError("no pixel of the image is a finite number")
    if where is not None and (finite & where).any():
        finite &= where
    low, high = _limits(values, finite, percentiles)
    if high <= low:  # a few outliers on a constant ground: take all there is
        low, high = values[finite].min(), values[finite].max()
    if high <= low:
        return np.zeros(pixels.shape, dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        scaled = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.rint(255 * np.nan_to_num(scaled, nan=0.0)).astype(np.uint8)


def _limits(
    values: np.ndarray, where: np.ndarray, percentiles: tuple[float, float]
) -> tuple[float, float]:
    """Percentiles of an image (height, width), where a mask is true.

    Single pixels and whole lines of one value, as a camera's faults, do not count where they would
    take most of the range.
    """
    low, high, least, most = np.percentile(values[where], (*percentiles, *_MOST)).tolist()
    if high - low <= _BEYOND * (most - least):
        return low, high
    faulty = (values == values[:, :1]).all(axis=1)[:, None] | (values == values[:1]).all(axis=0)
    sound = where & ~faulty
    if not sound.any():
        return low, high
    calm = ndimage.median_filter(np.where(sound, values, np.median(values[sound])), 3)
    calm_low, calm_high = np.percentile(calm[sound], percentiles).tolist()
    spiked = high - low > 2 * (calm_high - calm_low) > 0
    return (calm_low, calm_high) if spiked else (low, high)


def filled(pixels: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Pixels (height, width), of which those outside of `where` have the median of the others.

    So they make no edge and no particle. The type stays; unchanged where nothing is left.
    """
    if where.all() or not where.any():
        return pixels
    return np.where(where, pixels, np.median(pixels[where]).astype(pixels.dtype))


def invert(image: np.ndarray) -> np.ndarray:
    """Dark on bright turned into bright on dark: within the type's range, or the data's own."""
    image = np.asarray(image)
    if image.dtype.kind == "u":
        return np.iinfo(image.dtype).max - image
    return np.nanmax(image) + np.nanmin(image) - image
