"""JEOL: the text beside each image, wires.txt, with lines such as $$SM_MICRON_BAR 160."""

from __future__ import annotations

import re

from synthwire.io.calibration.calibration import Found, NoPixelSize
from synthwire.io.units import length_nm, number

_LINE = re.compile(r"^\s*\$+(\w+)[ \t]+(.*?)\s*$", re.MULTILINE)


def recognises(text: str) -> bool:
    """Whether a text is JEOL's."""
    return re.search(r"^\s*\$+(CM|SM)_", text, re.MULTILINE) is not None


def of_text(text: str) -> Found | None:
    """The length of the scale bar (SM_MICRON_MARKER) over its pixels (SM_MICRON_BAR).

    NoPixelSize where there is a magnification alone: of what print, nobody knows.
    """
    entries = {match[1].upper(): match[2] for match in _LINE.finditer(text)}
    if "SM_MICRON_BAR" not in entries or "SM_MICRON_MARKER" not in entries:
        raise NoPixelSize("JEOL's text gives a magnification but no scale bar, so no pixel size")
    side = length_nm(entries["SM_MICRON_MARKER"]) / number(entries["SM_MICRON_BAR"])
    size = [int(text) for text in entries.get("CM_FULL_SIZE", "").split()]
    return Found((side, side), size[0] if size else None, rows=size[1] if len(size) > 1 else None)
