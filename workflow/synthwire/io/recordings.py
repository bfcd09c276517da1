"""Reading microscopy images of any format.

An image is (height, width) or (height, width, channels); a recording is what one file holds: one
or more pages of one shape with what the file says about pixel size and photon energies.
Pixel (row j, column i) covers [j, j+1] × [i, i+1]; sizes are given as (y, x).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageOps, UnidentifiedImageError

from synthwire.errors import InputError
from synthwire.io.calibration import tiff_pixel_size
from synthwire.io.files import MemoryFile, Source, as_source, open_source
from synthwire.io.stxm.nexus import HDF5_START, read_nexus
from synthwire.io.stxm.sdf import read_sdf

SMALLEST_SIDE = 8  # below this nothing can be segmented, and the last axis is surely colour
LARGEST_BYTES = 4 * 2**30  # decoded; beyond it a laptop stops answering before we can say why


@dataclass(frozen=True)
class Recording:
    """What one file holds.

    pages: (pages, height, width) or (pages, height, width, channels), as stored.
    pixel_size_nm: (y, x), or None where the file does not say.
    energies_ev: photon energy of each page in eV, or None.
    """

    pages: np.ndarray
    pixel_size_nm: tuple[float, float] | None = None
    energies_ev: tuple[float, ...] | None = None


def read_image(path: Source) -> np.ndarray:
    """Pixels of one file as stored: (H, W), (H, W, 3 or 4), or, for several pages, one axis more.

    InputError in one line when the file is missing, empty, truncated, no image, or too large.
    """
    pages = read_recording(path).pages
    return pages[0] if len(pages) == 1 else pages


def read_recording(path: Source, *, largest_pixels: int | None = None) -> Recording:
    """Read one file with its metadata, from disk or from memory.

    PNG, JPEG; TIFF (8/16-bit, float, several pages, OME, ImageJ, SEM makers' tags); STXM scans as
    NeXus/HDF5 (NXstxm) or as SDF, for which `path` is the .hdr file beside its .xim files. The
    format is told from the file's first bytes, not from its name, but for SDF. A file in memory is
    trusted less: what would lead to other files, or to any of Pillow's rarer formats, is refused.

    largest_pixels: most pixels that may be decoded, over all pages, colours counted once.
    InputError in one line when the file is missing, empty, truncated, no image, or too large.
    """
    path = as_source(path)
    in_memory = isinstance(path, MemoryFile)
    if not in_memory and path.is_dir():
        raise InputError(f"{path}: a folder, where an image file is expected")
    try:
        with open_source(path) as file:
            start = file.read(8)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not start:
        raise InputError(f"{path}: the file is empty (0 bytes)")
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        recording = _read_tiff(path, largest_pixels)
    elif start == HDF5_START:
        recording = Recording(*read_nexus(path, largest_pixels=largest_pixels))
    elif in_memory:
        recording = _read_with_pillow(path, largest_pixels, formats=("PNG", "JPEG"))
    elif path.suffix.lower() == ".hdr":
        recording = Recording(*read_sdf(path))
    elif path.suffix.lower() == ".xim":
        raise InputError(f"{path}: name the scan's .hdr file instead; it says what the numbers are")
    else:
        recording = _read_with_pillow(path, largest_pixels)
    _require_sound(path, recording.pages)
    return recording


def _require_pixels(path: Source, shape: Sequence[int], largest: int | None) -> None:
    """Refuse, before it is decoded, what has more pixels than `largest`; shape: … height, width."""
    if largest is not None and np.prod(shape, dtype=np.float64) > largest:
        raise InputError(
            f"{path}: {' × '.join(map(str, shape))} pixels; at most {largest / 1e6:g} megapixels "
            "are taken; cut it into tiles or bin it"
        )


def _require_sound(path: Source, pages: np.ndarray) -> None:
    if pages.ndim not in (3, 4):
        raise InputError(f"{path}: an array of shape {pages.shape} is no image and no stack")
    height, width = pages.shape[1:3]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(
            f"{path}: {height} × {width} pixels; each side must have at least {SMALLEST_SIDE}"
        )
    if pages.dtype.kind not in "buif":
        raise InputError(f"{path}: pixels of type {pages.dtype}; real numbers are expected")


def _read_with_pillow(
    path: Path | MemoryFile, largest_pixels: int | None, formats: Sequence[str] | None = None
) -> Recording:
    try:
        with warnings.catch_warnings():
            # Pillow warns of 90 megapixels, which is a common stitched micrograph, and refuses
            # twice that; only the refusal is wanted.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with open_source(path) as file, Image.open(file, formats=formats) as image:
                _require_pixels(path, (image.height, image.width), largest_pixels)
                image.load()
                image = ImageOps.exif_transpose(image)
                if image.mode == "P":
                    image = image.convert("RGBA" if "transparency" in image.info else "RGB")
                elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
                    image = image.convert("RGB")
                elif image.mode == "LA":
                    image = image.convert("RGBA")
                pixels = np.array(image)
    except Image.DecompressionBombError:
        raise InputError(
            f"{path}: larger than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} megapixels; "
            "cut it into tiles or save it as TIFF"
        ) from None
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{path}: not an image (PNG, JPEG or TIFF is expected)") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise InputError(f"{path}: truncated or damaged image ({error})") from None
    return Recording(pixels[np.newaxis])


def _read_tiff(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    try:
        with tiff_file(path) as tiff:
            series = _main_series(path, tiff)
            _require_pixels(
                path,
                [side for side, axis in zip(series.shape, series.axes, strict=True) if axis != "S"],
                largest_pixels,
            )
            if series.nbytes > LARGEST_BYTES:
                raise InputError(
                    f"{path}: {series.nbytes / 2**30:.1f} GiB of pixels, more than "
                    f"{LARGEST_BYTES / 2**30:.0f}; cut it into tiles"
                )
            size = tiff.filehandle.size
            if series.dataoffset is not None and series.dataoffset + series.nbytes > size:
                raise InputError(f"{path}: truncated TIFF ({size} bytes are too few)")
            pages = _pages_first(path, series.asarray(), series.axes)
            try:
                size = tiff_pixel_size(tiff, tiff.series.index(series))
            except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
                size = None  # odd metadata do not make the image unreadable
            return Recording(pages, pixel_size_nm=size)
    except InputError:
        raise
    except Exception as error:  # tifffile and its codecs raise dozens of types on damaged files
        raise InputError(f"{path}: truncated or damaged TIFF ({error})") from None


def tiff_file(path: Path | MemoryFile) -> tifffile.TiffFile:
    """Open a TIFF on disk or in memory; one in memory must not lead to any other file."""
    if not isinstance(path, MemoryFile):
        return tifffile.TiffFile(path)
    # OME and MicroManager files may name others that hold the rest of a series
    return tifffile.TiffFile(open_source(path), name=path.name, _multifile=False)


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
