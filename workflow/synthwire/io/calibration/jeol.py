"""JEOL: its SEMs' text beside each image, wires.txt, and its TEMs' XML in the description.

The text has lines such as $$SM_MICRON_BAR 160.
"""

from __future__ import annotations

import re

from tifffile import TiffPage

from synthwire.io.calibration.calibration import Found, NoPixelSize
from synthwire.io.calibration.tags import tag_value
from synthwire.io.units import length_nm, number

_LINE = re.compile(r"^\s*\$+(\w+)[ \t]+(.*?)\s*$", re.MULTILINE)

_UNIT_NM = {2: 2.54e7, 3: 1e7}  # of the resolution tags


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


def pixel_size(page: TiffPage) -> Found | None:
    """SightX's (TEM Center): the resolution is that of a print, which the magnification enlarges.

    NoPixelSize for diffraction patterns.
    """
    text = page.description
    if "<TemReporter" not in text:
        return None
    within = re.search(r"<ImageFormingSystem\b.*?</ImageFormingSystem>", text, re.DOTALL)
    mode, magnified = (
        re.search(rf"<{name}[^>]*>\s*([^<]+?)\s*<", within[0] if within else "")
        for name in ("ModeString", "SelectorValue")
    )
    if mode is None or magnified is None:
        return None
    if mode[1] == "DIFF":
        raise NoPixelSize("JEOL's text says that this is a diffraction pattern")
    step_nm = _UNIT_NM[int(tag_value(page, 296))] / number(magnified[1])
    (down, per_down), (across, per_across) = tag_value(page, 283), tag_value(page, 282)
    return Found((step_nm * per_down / down, step_nm * per_across / across))
