"""Pixel sizes: what the metadata of a file say of them, and the forms in which they are passed on.

A pixel size is (y, x) in nm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tifffile

from synthwire.io.units import NANOMETRES_PER_UNIT


def tiff_pixel_size(tiff: tifffile.TiffFile, series: int) -> tuple[float, float] | None:
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


def pixel_side_nm(image: Mapping) -> float:
    """Side of a pixel in nm, the geometric mean of [y, x] where they differ; NaN when unknown."""
    size = image.get("pixel_size_nm")
    if size is None:
        return math.nan
    return float(np.exp(np.mean(np.log(np.atleast_1d(np.asarray(size, dtype=np.float64))))))
