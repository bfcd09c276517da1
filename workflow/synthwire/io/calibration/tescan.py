"""TESCAN: tag 50431, and the text beside each image, wires-tif.hdr; both in m."""

from __future__ import annotations

from tifffile import TiffPage

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.tags import sections, tag_text, whole
from synthwire.io.units import number

TAG = 50431
M_TO_NM = 1e9


def pixel_size(page: TiffPage) -> Found | None:
    """Of the text in the tag; binary content may stand around it."""
    text = tag_text(page, TAG)
    return None if text is None else of_text(text)


def recognises(text: str) -> bool:
    """Whether a text is TESCAN's."""
    return "[main]" in text.lower()


def of_text(text: str) -> Found | None:
    """PixelSizeX and PixelSizeY, of whatever section; ImageStripSize is the data bar's rows."""
    entries = {key: value for section in sections(text).values() for key, value in section.items()}
    x = number(entries["pixelsizex"]) * M_TO_NM
    y = number(entries["pixelsizey"]) * M_TO_NM if "pixelsizey" in entries else x
    views = whole(entries.get("viewfieldscountx")) or 1
    remark = (
        f"TESCAN's text says that {views} views of the field stand side by side; --crop takes one"
        if views > 1
        else None
    )
    return Found((y, x), remark=remark, bar=whole(entries.get("imagestripsize")))
