"""FEI, Thermo Fisher and Phenom: tags 34680, 34682 (text) and 34683 (XML)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tifffile import TiffPage

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.tags import (
    element_nm,
    raw_text,
    tag_text,
    tag_value,
    whole,
    within,
)
from synthwire.io.units import NUMBER, number

TEXT_TAGS = (34682, 34680)
XML_TAG = 34683
SCANS = ("Scan", "EScan", "IScan", "CScan", "Image")
M_TO_NM = 1e9


def pixel_size(page: TiffPage) -> Found | None:
    """Sections [Scan], or what [Beam] names as such: sides of a pixel in m, or of the field."""
    metadata = tag_value(page, *TEXT_TAGS)
    if not isinstance(metadata, dict):
        return None
    named = metadata.get("Beam", {}).get("Scan")
    image = metadata.get("Image", {})
    width, rows = image.get("ResolutionX"), image.get("ResolutionY")
    for name in (named, *SCANS):
        scan = metadata.get(name, {})
        sides = _sides(scan, page)
        if sides:
            return Found(
                sides,
                int(width) if width else None,
                rows=int(rows) if rows else None,
                bar=None if rows else whole(metadata.get("PrivateFei", {}).get("DatabarHeight")),
            )
    return None


def _sides(scan: Mapping[str, Any], page: TiffPage) -> tuple[float, float] | None:
    if scan.get("PixelWidth"):  # some leave it empty, or write 0
        x = number(scan["PixelWidth"])
        return number(scan.get("PixelHeight", x)) * M_TO_NM, x * M_TO_NM
    if "HorFieldsize" in scan:  # a data bar may add rows to the image, but no columns
        return (number(scan["HorFieldsize"]) / page.imagewidth * M_TO_NM,) * 2
    return None


def xml_pixel_size(page: TiffPage) -> Found | None:
    """Of the XML in the tag, or, as newer Helios write it, where others write lines."""
    text = tag_text(page, XML_TAG)
    if text is None:
        text = next((raw_text(page, tag) for tag in TEXT_TAGS if tag in page.tags), None)
    return None if text is None else of_xml(text)


def of_xml(text: str) -> Found | None:
    """Elements pixelWidth and pixelHeight with a unit, or X and Y below PixelSize.

    Or items of a dictionary, a key PixelSize and, below it, Width and Height, in m.
    """
    items = [
        re.search(rf"<string>{key}</string>.*?<anyType[^>]*>\s*({NUMBER})", after, re.DOTALL)
        for after in re.findall(r"<string>PixelSize</string>(.*)", text, re.DOTALL)[:1]
        for key in ("Height", "Width")
    ]
    if items and items[0] and items[1]:
        return Found((number(items[0][1]) * M_TO_NM, number(items[1][1]) * M_TO_NM))
    names = (("pixelHeight", "pixelWidth"), ("Y", "X"))
    for (down, across), content in zip(names, (text, within(text, "PixelSize")), strict=True):
        y, x = (element_nm(content, name) for name in (down, across))
        if x is not None:
            bar = re.search(r"<databarHeight>\s*(\d+)", text)
            return Found((y or x, x), bar=whole(bar and bar[1]))
    return None
