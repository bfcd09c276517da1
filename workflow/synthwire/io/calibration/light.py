"""Light microscopes and slide scanners: Micro-Manager, MetaMorph, Aperio, Hamamatsu; in µm."""

from __future__ import annotations

import re

import tifffile
from tifffile import TiffPage

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.tags import tag_value
from synthwire.io.units import nanometres, number

MICROMANAGER_TAG = 51123
HAMAMATSU_TAG = 65420
NM_PER_UM = 1e3
NM_PER_CM = 1e7
PER_CM = 3


def micromanager_pixel_size(page: TiffPage) -> Found | None:
    """Micro-Manager's; 0 where the microscope was not calibrated."""
    metadata = tag_value(page, MICROMANAGER_TAG)
    if not isinstance(metadata, dict):
        return None
    side = float(metadata["PixelSizeUm"]) * NM_PER_UM
    return Found((side, side))


def metamorph_pixel_size(tiff: tifffile.TiffFile, series: int) -> Found | None:
    """MetaMorph's XML in the description."""
    if not tiff.is_metaseries:
        return None
    plane = (tiff.metaseries_metadata or {})["PlaneInfo"]
    unit = nanometres(plane["spatial-calibration-units"])
    if unit is None or not plane.get("spatial-calibration-state", True):
        return None
    y, x = (float(plane[f"spatial-calibration-{axis}"]) * unit for axis in "yx")
    return Found((y, x))


def aperio_pixel_size(page: TiffPage) -> Found | None:
    """Aperio's "MPP = 0.5" in the description, for the full resolution."""
    if not page.description.startswith("Aperio"):
        return None
    match = re.search(r"\bMPP\s*=\s*([\d.,]+)", page.description)
    if match is None:
        return None
    side = number(match[1]) * NM_PER_UM
    return Found((side, side))


def hamamatsu_pixel_size(page: TiffPage) -> Found | None:
    """Hamamatsu's slides: the one maker whose plain resolution tags tell the specimen's scale."""
    if tag_value(page, HAMAMATSU_TAG) is None or tag_value(page, 296) != PER_CM:
        return None
    (down, per_down), (across, per_across) = tag_value(page, 283), tag_value(page, 282)
    return Found((per_down / down * NM_PER_CM, per_across / across * NM_PER_CM))
