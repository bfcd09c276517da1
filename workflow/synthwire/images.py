"""Reading microscopy images, and the grey 8-bit form in which all models see them.

An image is (height, width) or (height, width, channels); a recording is what one file holds: one
or more pages of one shape with what the file says about pixel size and photon energies.
Pixel (row j, column i) covers [j, j+1] × [i, i+1]; sizes are given as (y, x).
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, ImageOps, UnidentifiedImageError

from synthwire.errors import InputError
from synthwire.files import MemoryFile, Source, as_source, atomic_path, opened
from synthwire.stxm_files import HDF5_START, read_nexus, read_sdf

SMALLEST_SIDE = 8  # below this nothing can be segmented, and the last axis is surely colour
LARGEST_BYTES = 4 * 2**30  # decoded; beyond it a laptop stops answering before we can say why
STRETCH_PERCENTILES = (0.1, 99.9)


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
        with opened(path) as file:
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


# -- PNG, JPEG and whatever else Pillow reads -----------------------------------------------------


def _read_with_pillow(
    path: Path | MemoryFile, largest_pixels: int | None, formats: Sequence[str] | None = None
) -> Recording:
    try:
        with warnings.catch_warnings():
            # Pillow warns of 90 megapixels, which is a common stitched micrograph, and refuses
            # twice that; only the refusal is wanted.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with opened(path) as file, Image.open(file, formats=formats) as image:
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


# -- TIFF -----------------------------------------------------------------------------------------


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
                size = _tiff_pixel_size(tiff, tiff.series.index(series))
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
    return tifffile.TiffFile(opened(path), name=path.name, _multifile=False)


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


NANOMETRES_PER_UNIT = {
    "m": 1e9,
    "cm": 1e7,
    "centimeter": 1e7,
    "mm": 1e6,
    "µm": 1e3,
    "μm": 1e3,  # the Greek letter, which OME writes
    "um": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "nm": 1.0,
    "nanometer": 1.0,
    "Å": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
}


def _tiff_pixel_size(tiff: tifffile.TiffFile, series: int) -> tuple[float, float] | None:
    """Pixel size (y, x) in nm of a series from OME, ImageJ, Zeiss, FEI/Thermo or our own metadata.

    Plain resolution tags (dots per inch) are no pixel size: nearly every program writes 72 there.
    """
    found: tuple[Any, Any] | None = None
    page = tiff.pages.first
    if tiff.is_ome:
        found = _ome_pixel_size(tiff.ome_metadata, series)
    elif tiff.is_imagej:
        metadata = tiff.imagej_metadata or {}
        x_unit = _imagej_unit(metadata.get("unit"))
        y_unit = _imagej_unit(metadata.get("yunit", metadata.get("unit")))
        tags = [page.tags.get(name) for name in ("YResolution", "XResolution")]
        if x_unit and y_unit and all(tag is not None and tag.value[0] for tag in tags):
            found = tuple(
                unit * tag.value[1] / tag.value[0]
                for unit, tag in zip((y_unit, x_unit), tags, strict=True)
            )
    elif tiff.is_sem:
        entry = (tiff.sem_metadata or {}).get("ap_image_pixel_size")
        if entry and len(entry) == 3 and entry[2] in NANOMETRES_PER_UNIT:
            found = (entry[1] * NANOMETRES_PER_UNIT[entry[2]],) * 2
    elif tiff.is_fei:
        scan = (tiff.fei_metadata or {}).get("Scan", {})
        if "PixelHeight" in scan and "PixelWidth" in scan:
            found = (scan["PixelHeight"] * 1e9, scan["PixelWidth"] * 1e9)
    elif tiff.is_shaped:
        shaped = (tiff.shaped_metadata or ({},))[0]
        size = shaped.get("pixel_size_nm", shaped.get("voxel_size_nm"))
        found = as_pixel_size(size)
    if found is None or not all(np.isfinite(side) and side > 0 for side in found):
        return None
    return float(found[0]), float(found[1])


def _imagej_unit(name: Any) -> float | None:
    """Nanometres in a unit of ImageJ's, which escapes all but ASCII: µm is written \\u00B5m."""
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), str(name))
    return NANOMETRES_PER_UNIT.get(plain)


def _ome_pixel_size(xml: str, series: int) -> tuple[float, float] | None:
    images = tifffile.xml2dict(xml).get("OME", {}).get("Image", {})
    pixels = (images[series] if isinstance(images, list) else images).get("Pixels", {})
    sides = []
    for axis in "YX":
        unit = NANOMETRES_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        if unit is None or f"PhysicalSize{axis}" not in pixels:
            return None
        sides.append(unit * float(pixels[f"PhysicalSize{axis}"]))
    return sides[0], sides[1]


def as_pixel_size(value: float | Sequence[float] | None) -> tuple[float, float] | None:
    """(y, x) in nm from a number, a pair [y, x], or None."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value), float(value)
    y, x = value
    return float(y), float(x)


# -- grey, 8 bit ----------------------------------------------------------------------------------


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
    pixels: np.ndarray, *, percentiles: tuple[float, float] = STRETCH_PERCENTILES
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
    - A constant image of such a type becomes 0 throughout.

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
    low, high = np.percentile(values[finite], percentiles)
    if high <= low:  # a few outliers on a constant ground: take all there is
        low, high = values[finite].min(), values[finite].max()
    if high <= low:
        return np.zeros(pixels.shape, dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        scaled = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.rint(255 * np.nan_to_num(scaled, nan=0.0)).astype(np.uint8)


# -- image.tif of an image set --------------------------------------------------------------------


def write_stack(
    path: str | os.PathLike,
    pages: np.ndarray | Sequence[np.ndarray],
    *,
    pixel_size_nm: float | Sequence[float] | None = None,
) -> None:
    """Write grey 8-bit pages of one shape as one TIFF, atomically: (H, W), or (pages, H, W).

    The same pages always give the same bytes.
    """
    shapes = {np.shape(page) for page in pages}
    if len(shapes) != 1:
        raise InputError(
            f"{path}: the images of one set must have one shape, these have {sorted(shapes)}"
        )
    stack = np.asarray(pages)
    if stack.ndim != 3 or stack.dtype != np.uint8:
        raise ValueError(
            f"pages of uint8 (height, width) are expected, not {stack.dtype}, {shapes}"
        )
    size = as_pixel_size(pixel_size_nm)
    metadata: dict = {"axes": "QYX" if len(stack) > 1 else "YX"}
    if size is not None:
        metadata["pixel_size_nm"] = list(size)
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            stack if len(stack) > 1 else stack[0],
            photometric="minisblack",
            compression="zlib",
            metadata=metadata,
            software="synthwire",
        )


def read_stack(path: str | os.PathLike) -> np.ndarray:
    """Grey 8-bit pages (pages, height, width) of an image.tif written by write_stack."""
    pages = read_recording(path).pages
    if pages.ndim != 3 or pages.dtype != np.uint8:
        raise InputError(f"{path}: grey 8-bit pages are expected, not {pages.dtype}, {pages.shape}")
    return pages
