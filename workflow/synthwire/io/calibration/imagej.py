"""ImageJ: the resolution tags, in a unit that its description names."""

from __future__ import annotations

import tifffile

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.ome import believable
from synthwire.io.units import nanometres


def pixel_size(tiff: tifffile.TiffFile, series: int) -> Found | None:
    """Pixels per unit stand in the resolution tags, whatever the tag of their unit says."""
    if not tiff.is_imagej:
        return None
    metadata = tiff.imagej_metadata or {}
    steps = []
    for tag, unit in (
        ("YResolution", nanometres(metadata.get("yunit", metadata.get("unit")))),
        ("XResolution", nanometres(metadata.get("unit"))),
    ):
        if unit is None:
            return None
        pixels, units = tiff.pages.first.tags[tag].value
        steps.append(believable(unit * units / pixels, unit))
    return Found((steps[0], steps[1]))


def voxel_size(tiff: tifffile.TiffFile) -> float | None:
    """The distance between ImageJ's slices in nm."""
    if not tiff.is_imagej:
        return None
    metadata = tiff.imagej_metadata or {}
    unit = nanometres(metadata["unit"])
    return None if unit is None else metadata["spacing"] * unit


def description(size_nm: tuple[float, float]) -> tuple[str, dict]:
    """What tells ImageJ a pixel size (y, x) in nm: a description, and tifffile's arguments."""
    y, x = size_nm
    return "ImageJ=1.54f\nunit=nm\n", {"resolution": (1 / x, 1 / y), "resolutionunit": "NONE"}
