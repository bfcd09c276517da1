"""OME-TIFF: the physical size of pixels in its XML."""

from __future__ import annotations

from typing import Any

import tifffile

from synthwire.io.calibration.calibration import Found, NoPixelSize
from synthwire.io.calibration.doubts import NM_PER_INCH
from synthwire.io.calibration.sizes import length_words
from synthwire.io.units import nanometres, number

DEFAULT_UNIT = "µm"
# Units of prints; a step of theirs from here on comes from a resolution in dots per inch or cm.
PRINT_UNITS_NM = (1e7, NM_PER_INCH)
COARSE_NM = 5e3


def pixel_size(tiff: tifffile.TiffFile, series: int) -> Found | None:
    """The size of the pixels of a series; where one side is missing they count as square."""
    if not tiff.is_ome:
        return None
    pixels = _pixels(tiff, series)
    y, x = (step_nm(pixels, axis) for axis in "YX")
    remark = None
    if y is None or x is None:
        given = "down" if x is None else "across"
        remark = f"the file gives the size of pixels {given} alone; they count as square"
        y, x = y or x, x or y
    return None if y is None or x is None else Found((y, x), remark=remark)


def voxel_size(tiff: tifffile.TiffFile) -> float | None:
    """The step across of the first series in nm."""
    return step_nm(_pixels(tiff, 0), "X") if tiff.is_ome else None


def step_nm(pixels: dict, axis: str) -> float | None:
    """The physical size of pixels along an axis; NoPixelSize where it is a resolution of prints."""
    size = pixels.get(f"PhysicalSize{axis}")
    unit = nanometres(pixels.get(f"PhysicalSize{axis}Unit", DEFAULT_UNIT))
    if size is None or unit is None:
        return None
    return believable(number(size) * unit, unit)


def believable(step_nm: float, unit_nm: float) -> float:
    """A step in nm, unless its unit is of prints and it is as coarse: then NoPixelSize."""
    if unit_nm in PRINT_UNITS_NM and step_nm >= COARSE_NM:
        raise NoPixelSize(
            f"{NM_PER_INCH / step_nm:.4g} dots per inch, {length_words(step_nm)} per pixel, is a "
            "resolution for prints and no pixel size; not taken"
        )
    return step_nm


def _pixels(tiff: tifffile.TiffFile, series: int) -> dict:
    """What is said of the pixels of a series, among the images that this file holds itself."""
    ome = tifffile.xml2dict(tiff.ome_metadata or "")["OME"]
    images = _listed(ome["Image"])
    here = {ome.get("UUID"), tiff.filename} - {None}
    own = [image for image in images if _files_of(image) & here or not _files_of(image)]
    return (own or images)[series]["Pixels"]


def _files_of(image: dict) -> set[str]:
    """Identifiers and names of the files of an OME set in which an image's pages lie."""
    found = set()
    for part in _listed(image["Pixels"].get("TiffData", [])):
        file = part.get("UUID") if isinstance(part, dict) else None
        found |= {file} if isinstance(file, str) else set((file or {}).values())
    return found


def _listed(item: Any) -> list:
    """What xml2dict gives for an element that may stand there once or many times."""
    return item if isinstance(item, list) else [item]
