"""TIFF: any number type, several pages, OME, ImageJ, the makers of electron microscopes, ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from synthwire.errors import InputError
from synthwire.io.calibration import tiff_pixel_size
from synthwire.io.files import MemoryFile, Source, open_binary
from synthwire.io.recordings.recording import Recording, require_bytes, require_pixels

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(STARTS)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read the one image or stack of a TIFF; label and thumbnail pages beside it are passed over.

    InputError when it holds several images, is truncated or damaged, or too large.
    """
    try:
        with open_tiff(path) as tiff:
            series = _main_series(path, tiff)
            require_pixels(
                path,
                [side for side, axis in zip(series.shape, series.axes, strict=True) if axis != "S"],
                largest_pixels,
            )
            require_bytes(path, series.nbytes)
            size = tiff.filehandle.size
            if series.dataoffset is not None and series.dataoffset + series.nbytes > size:
                raise InputError(f"{path}: truncated TIFF ({size} bytes are too few)")
            pages = _pages_first(path, series.asarray(), series.axes)
            return Recording(pages, tiff_pixel_size(tiff, tiff.series.index(series)))
    except InputError:
        raise
    except Exception as error:  # tifffile and its codecs raise dozens of types on damaged files
        raise InputError(f"{path}: truncated or damaged TIFF ({error})") from None


def open_tiff(path: Path | MemoryFile) -> tifffile.TiffFile:
    """Open a TIFF on disk or in memory; one in memory must not lead to any other file."""
    if not isinstance(path, MemoryFile):
        return tifffile.TiffFile(path)
    # OME and MicroManager files may name others that hold the rest of a series
    return tifffile.TiffFile(open_binary(path), name=path.name, _multifile=False)


def _main_series(path: Source, tiff: tifffile.TiffFile) -> tifffile.TiffPageSeries:
    """The one image of the file; label and thumbnail pages beside it are passed over."""
    series = [item for item in tiff.series if item.size and "Y" in item.axes and "X" in item.axes]
    if not series:
        raise InputError(f"{path}: the TIFF holds no image")
    largest = max(series, key=lambda item: item.size)
    for item in series:
        if item is not largest and not item.keyframe.is_reduced and 4 * item.size > largest.size:
            raise InputError(
                f"{path}: holds images of different shapes, {largest.shape} and {item.shape}; "
                "save each in a file of its own"
            )
    return largest


def _pages_first(path: Source, pixels: np.ndarray, axes: str) -> np.ndarray:
    """(pages, height, width[, channels]) from any order of axes that TIFF knows."""
    others = [index for index, axis in enumerate(axes) if axis not in "YXS"]
    order = [*others, axes.index("Y"), axes.index("X")]
    if "S" in axes:
        order.append(axes.index("S"))
    pixels = pixels.transpose(order)
    tail = pixels.shape[len(others) :]
    if len(tail) == 3 and tail[2] not in (1, 2, 3, 4):
        raise InputError(f"{path}: {tail[2]} colour channels; 1, 3 or 4 are expected")
    pixels = pixels.reshape(-1, *tail)
    if pixels.ndim == 4 and pixels.shape[3] in (1, 2):  # grey, or grey with alpha
        pixels = pixels[..., 0]
    return pixels
