"""Cameras of transmission electron microscopes: Olympus SIS, Gatan, TVIPS, AMT."""

from __future__ import annotations

import re

from tifffile import TiffPage

from synthwire.io.calibration.calibration import Found, NoPixelSize
from synthwire.io.calibration.tags import tag_value
from synthwire.io.units import NUMBER, nanometres, number

SIS_TAGS = (33560, 33471)
GATAN_UNITS = (65004, 65003)  # down, across
GATAN_SCALES = (65010, 65009)
TVIPS_TAG = 37706
M_TO_NM = 1e9


def sis_pixel_size(page: TiffPage) -> Found | None:
    """Olympus SIS's, which JEOL's TEMs write, too; in m."""
    for tag in SIS_TAGS:
        metadata = tag_value(page, tag)
        if isinstance(metadata, dict) and "pixelsizex" in metadata:
            return Found((metadata["pixelsizey"] * M_TO_NM, metadata["pixelsizex"] * M_TO_NM))
    return None


def gatan_pixel_size(page: TiffPage) -> Found | None:
    """DigitalMicrograph's; NoPixelSize for the units of a diffraction pattern."""
    sides = []
    for unit_tag, scale_tag in zip(GATAN_UNITS, GATAN_SCALES, strict=True):
        unit, scale = tag_value(page, unit_tag), tag_value(page, scale_tag)
        if scale is None:
            return None
        plain = str(unit).strip("\0 ")
        if plain.startswith("1/") or plain.endswith(("-1", "⁻¹")):
            raise NoPixelSize(f"DigitalMicrograph's unit is {plain}: a diffraction pattern?")
        step = nanometres(unit)
        if step is None:
            return None
        sides.append(float(scale) * step)
    return Found((sides[0], sides[1]))


def tvips_pixel_size(page: TiffPage) -> Found | None:
    """TVIPS's, in nm."""
    metadata = tag_value(page, TVIPS_TAG)
    if not isinstance(metadata, dict):
        return None
    return Found((float(metadata["PixelSizeY"]), float(metadata["PixelSizeX"])))


def amt_pixel_size(page: TiffPage) -> Found | None:
    """AMT's: XpixCal and YpixCal in the description, in pixels per unit."""
    entries = [
        re.search(rf"{name}\s*=\s*{value}", page.description)
        for name, value in (
            *((f"{axis}pixCal", f"({NUMBER})") for axis in "YX"),
            ("Unit", r"([^\W\d_]+)"),
        )
    ]
    y, x, unit = (match[1] if match else None for match in entries)
    step = nanometres(unit)
    if x is None or step is None:
        return None
    return Found((step / number(x if y is None else y), step / number(x)))
