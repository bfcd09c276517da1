"""Hitachi: the text beside each image, wires.txt, in UTF-8 or UTF-16; in nm."""

from __future__ import annotations

import re

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.tags import sections
from synthwire.io.units import length_nm

SECTIONS = ("semimagefile", "temimagefile")


def recognises(text: str) -> bool:
    """Whether a text is Hitachi's."""
    return any(f"[{name}]" in text.lower() for name in SECTIONS)


def of_text(text: str) -> Found | None:
    """PixelSize, of an image as wide as DataSize says."""
    found = sections(text)
    entries = next(found[name] for name in SECTIONS if name in found)
    side = length_nm(entries["pixelsize"], "nm")
    data = re.match(r"\s*(\d+)(?:\s*x\s*(\d+))?", entries.get("datasize", ""))
    width, rows = (int(text) if text else None for text in (data.groups() if data else ("", "")))
    return Found((side, side), width, rows=rows)
