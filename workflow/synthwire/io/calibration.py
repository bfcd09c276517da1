"""Pixel sizes: what the metadata of a TIFF say of them, and the forms in which they are passed on.

A pixel size is (y, x) in nm. Every program and every maker of microscopes writes it somewhere else;
each has a small function here, and a line in `PIXEL_SIZES`. Formats with a place of their own for
it, as the STXM scans, are read in `recordings`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tifffile

from synthwire.io.units import nanometres

Sides = tuple[float, ...] | None


def tiff_pixel_size(tiff: tifffile.TiffFile, series: int = 0) -> tuple[float, float] | None:
    """Pixel size (y, x) in nm of a series, by the first of `PIXEL_SIZES` that knows it.

    Plain resolution tags (dots per inch) are no pixel size: nearly every program writes 72 there.
    """
    found = _first_sides(PIXEL_SIZES, tiff, series)
    return (found[0], found[1]) if found else None


def tiff_voxel_size(tiff: tifffile.TiffFile) -> float | None:
    """Side of the voxels of a TIFF volume's first series in nm, by the first of `VOXEL_SIZES`."""
    found = _first_sides(VOXEL_SIZES, tiff, 0)
    return found[0] if found else None


def _first_sides(
    readers: Sequence[Callable[[tifffile.TiffFile, int], Sides]],
    tiff: tifffile.TiffFile,
    series: int,
) -> Sides:
    for read in readers:
        try:
            sides = read(tiff, series)
            if sides and all(np.isfinite(side) and side > 0 for side in sides):
                return tuple(float(side) for side in sides)
        except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
            continue  # odd metadata do not make the image unreadable
    return None


def json_description(tiff: tifffile.TiffFile) -> dict:
    """The JSON that we write as a TIFF's description; {} where there is none."""
    try:
        description = json.loads(tiff.pages.first.description)
    except ValueError:
        return {}
    return description if isinstance(description, dict) else {}


# -- pixels: of one program or maker each, (y, x) in nm; None, or an error, where it says nothing --


def _ome_pixel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    return _ome_steps(tiff, series, "YX")


def _imagej_pixel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    if not tiff.is_imagej:
        return None
    metadata = tiff.imagej_metadata or {}
    sides = []
    for tag, unit in (
        ("YResolution", metadata.get("yunit", metadata.get("unit"))),
        ("XResolution", metadata.get("unit")),
    ):
        step = nanometres(unit)
        if step is None:
            return None
        pixels, units = tiff.pages.first.tags[tag].value
        sides.append(step * units / pixels)
    return tuple(sides)


def _zeiss_pixel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    if not tiff.is_sem:
        return None
    _, size, unit = tiff.sem_metadata["ap_image_pixel_size"]
    return (size * nanometres(unit),) * 2


def _fei_pixel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    """FEI's and Thermo Fisher's, in metres."""
    if not tiff.is_fei:
        return None
    scan = tiff.fei_metadata["Scan"]
    return scan["PixelHeight"] * 1e9, scan["PixelWidth"] * 1e9


def _own_pixel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    """Ours, in the JSON that tifffile writes with the image's shape."""
    if not tiff.is_shaped:
        return None
    metadata = tiff.shaped_metadata[0]
    return as_pixel_size(metadata.get("pixel_size_nm", metadata.get("voxel_size_nm")))


# Tried in turn. The private tags of another maker, such as Tescan, JEOL or Hitachi, are one more
# function above and one more line here.
PIXEL_SIZES = (
    _ome_pixel_size,
    _imagej_pixel_size,
    _zeiss_pixel_size,
    _fei_pixel_size,
    _own_pixel_size,
)


# -- voxels, which count as cubes -----------------------------------------------------------------


def _own_voxel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    size = json_description(tiff).get("voxel_size_nm")
    return None if size is None else (size,)


def _imagej_spacing(tiff: tifffile.TiffFile, series: int) -> Sides:
    """The distance between ImageJ's slices."""
    if not tiff.is_imagej:
        return None
    metadata = tiff.imagej_metadata
    return (metadata["spacing"] * nanometres(metadata["unit"]),)


def _ome_voxel_size(tiff: tifffile.TiffFile, series: int) -> Sides:
    return _ome_steps(tiff, series, "X")


VOXEL_SIZES = (_own_voxel_size, _imagej_spacing, _ome_voxel_size)


def _ome_steps(tiff: tifffile.TiffFile, series: int, axes: str) -> Sides:
    if not tiff.is_ome:
        return None
    images = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]
    pixels = (images[series] if isinstance(images, list) else images)["Pixels"]
    return tuple(
        nanometres(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        * float(pixels[f"PhysicalSize{axis}"])
        for axis in axes
    )


# -- forms ----------------------------------------------------------------------------------------


def as_pixel_size(value: float | Sequence[float] | None) -> tuple[float, float] | None:
    """(y, x) in nm from a number, a pair [y, x], or None."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value), float(value)
    y, x = value
    return float(y), float(x)


def pixel_side_nm(image: Mapping) -> float:
    """Side of a pixel in nm, the geometric mean of [y, x] where they differ; NaN when unknown.

    image: COCO image record; its pixel_size_nm is a number, a pair, None or missing.
    """
    size = image.get("pixel_size_nm")
    if size is None:
        return math.nan
    return float(np.exp(np.mean(np.log(np.atleast_1d(np.asarray(size, dtype=np.float64))))))
