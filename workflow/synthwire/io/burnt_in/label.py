"""A length from the text beside a scale bar, with what a reader of pixels mistakes in it."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from synthwire.io.units import NUMBER, nanometres, number

# As they are read: how sure the unit is then, and what it is.
_UNITS = {
    "nm": (1.0, "nm"),
    "μm": (1.0, "µm"),
    "um": (1.0, "µm"),
    "mm": (1.0, "mm"),
    "å": (0.9, "Å"),
    "pm": (0.9, "µm"),  # mostly a µ without its tail, see _LARGE_PM
    "μ": (0.8, "µm"),
    "a": (0.75, "Å"),
    **dict.fromkeys(("urn", "μrn", "prn", "jm", "ym", "4m", "μn", "un", "lm", "wm"), (0.85, "µm")),
    **dict.fromkeys(("micron", "microns"), (1.0, "µm")),
    **dict.fromkeys(("nrn", "nn", "hm", "rm", "ńm", "rim"), (0.8, "nm")),
}
_TEXT = re.compile(rf"^(?:scale(?: ?bar)?\W*)?=?\s*({NUMBER})\s*(\D+?|4m)[.,]?$")
# From here on "pm" is as likely a picometre of atoms' images: then neither is believed.
_LARGE_PM, _UNSURE = 50.0, 0.5
_ROUND, _USUAL = (1.0, 2.0, 2.5, 5.0), (1.25, 1.5, 3.0, 4.0, 6.0, 7.5, 8.0)


class Length(NamedTuple):
    """A length in nm, as text, and how sure it is by its form, 0 … 1."""

    nm: float
    words: str
    sure: float


def parse_label(text: str) -> Length | None:
    """The length that a label says; None where it says none.

    >>> parse_label("0,5 μm").words, parse_label("20O nm").nm, parse_label("WD 4.1")
    ('0.5 µm', 200.0, None)
    """
    plain = text.strip().replace("µ", "μ").casefold()
    repaired = re.sub(r"(?<=[\d.,])[oо]", "0", plain)
    repaired = re.sub(r"(?<=\d) (?=\d{3}\b)", "", repaired)  # thousands
    repaired = re.sub(r"^[li|](?=[\d\s.,])", "1", repaired)
    match = _TEXT.match(repaired)
    unit = _UNITS.get(match[2].replace(" ", "")) if match else None
    if match is None or unit is None:
        return None
    try:
        value = number(match[1], typed=True)
    except ValueError:  # a comma that may part thousands
        return None
    size = nanometres(unit[1])
    if not value or size is None:
        return None
    mantissa = round(value / 10 ** math.floor(math.log10(value) + 1e-9), 6)
    usual = 1.0 if mantissa in _ROUND else 0.9 if mantissa in _USUAL else 0.7
    sure = unit[0] * usual * (1.0 if repaired == plain else 0.9)
    if match[2].startswith("p") and value >= _LARGE_PM:
        sure *= _UNSURE
    return Length(value * size, f"{value:g} {unit[1]}", sure)
