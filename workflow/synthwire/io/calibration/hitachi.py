"""Hitachi: the text beside each image, wires.txt, in UTF-8 or UTF-16; in nm."""

from __future__ import annotations

import re

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.tags import sections
from synthwire.io.units import length_nm, number

SECTIONS = ("semimagefile", "temimagefile")
PRINT_NM = 1.27e8  # the width of the print of which Hitachi's SEMs give the magnification


def recognises(text: str) -> bool:
    """Whether a text is Hitachi's."""
    return any(f"[{name}]" in text.lower() for name in SECTIONS)


def of_text(text: str) -> Found | None:
    """PixelSize, of an image as wide as DataSize says; else that of the magnification."""
    found = sections(text)
    entries = next(found[name] for name in SECTIONS if name in found)
    data = re.match(r"\s*(\d+)(?:\s*x\s*(\d+))?", entries.get("datasize", ""))
    width, rows = (int(text) if text else None for text in (data.groups() if data else ("", "")))
    if "pixelsize" in entries:
        side, remark = length_nm(entries["pixelsize"], "nm"), None
    else:
        side = PRINT_NM / number(entries["magnification"], typed=True) / (width or 0)
        remark = (
            "Hitachi's text gives a magnification but no pixel size; taken as "
            f"{side:.4g} nm, since it is that of a print 127 mm wide"
        )
    return Found((side, side), width, remark, rows)
