"""Units of length: the one table of what they are in nanometres."""

from __future__ import annotations

import re

NANOMETRES_PER_UNIT = {
    "m": 1e9,
    "cm": 1e7,
    "centimeter": 1e7,
    "mm": 1e6,
    "µm": 1e3,
    "μm": 1e3,  # the Greek letter, which OME writes
    "um": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "nm": 1.0,
    "nanometer": 1.0,
    "Å": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
}


def nanometres(unit: object) -> float | None:
    """Nanometres in a unit of length; None for what is none.

    ImageJ escapes all but ASCII, which is understood: µm is written \\u00B5m there.

    >>> nanometres("µm"), nanometres(r"\\u00B5m"), nanometres("pixel")
    (1000.0, 1000.0, None)
    """
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), str(unit))
    return NANOMETRES_PER_UNIT.get(plain)
