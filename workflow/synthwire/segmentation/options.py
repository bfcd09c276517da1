"""What a user may set for a segmentation: how images are read, and what counts as a particle."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synthwire.errors import InputError
from synthwire.io.units import nanometres

MODALITIES = {
    "od": "optical density, or anything else bright on dark, as it is",
    "transmission": "transmitted intensities, of which −ln(I/I₀) is made",
    "sem": "scanning electron micrographs, as they are",
    "tem": "transmission electron micrographs, dark on bright, inverted",
}

THRESHOLD = 0.7  # the score from which the paper draws and counts an instance


@dataclass(frozen=True)
class Preparation:
    """How an image is read.

    modality: a key of `MODALITIES`. pixel_size_nm: (down, across); None takes what the file says.
    incident: for transmission, where I₀ comes from: {"percentile": 95}, {"region": [x, y, width,
    height]} or {"image": path}. energy_ev: of a stack over photon energies the page at this
    energy; None takes the mean over all. stretch: whether the contrast is stretched to the whole
    range of grey values.
    """

    modality: str = "od"
    pixel_size_nm: tuple[float, float] | None = None
    incident: Mapping[str, Any] = field(default_factory=lambda: {"percentile": 95.0})
    energy_ev: float | None = None
    stretch: bool = True

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES:
            raise InputError(f"modality '{self.modality}' is none of {', '.join(MODALITIES)}")


@dataclass(frozen=True)
class Selection:
    """Which detections count as particles.

    threshold: least score. min_area_px, min_area_nm2: least area. remove_nested: leave out what
    lies within a larger particle or is its less sure double. exclude_border: leave out particles
    that the image's edge cuts. removed_ids, kept_ids: left out and taken in by hand, whatever the
    rest says.
    """

    threshold: float = THRESHOLD
    min_area_px: float = 0.0
    min_area_nm2: float = 0.0
    remove_nested: bool = True
    exclude_border: bool = False
    removed_ids: tuple[int, ...] = ()
    kept_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold {self.threshold} is not between 0 and 1")
        for name in ("removed_ids", "kept_ids"):
            ids = tuple(sorted({int(number) for number in getattr(self, name)}))
            object.__setattr__(self, name, ids)


def parse_pixel_size(text: str) -> tuple[float, float]:
    """(down, across) in nm from text such as 6nm, 0.006um or 6.6x7.8nm.

    >>> parse_pixel_size("0.006 µm")
    (6.0, 6.0)
    >>> parse_pixel_size("6.6x7.8nm")
    (6.6, 7.8)
    """
    number = r"\d+\.?\d*(?:e[+-]?\d+)?|\.\d+"
    match = re.fullmatch(
        rf"\s*({number})\s*(?:[x×]\s*({number}))?\s*(\D+?)\s*", text, re.IGNORECASE
    )
    unit = nanometres(match[3]) if match else None
    sides = [round(float(side) * unit, 9) for side in match.group(1, 2) if side] if unit else []
    if not sides or not all(0 < side < math.inf for side in sides):
        raise InputError(
            f"pixel size '{text}': a length above zero with its unit is expected, as 6nm, "
            "0.006um, or 6.6x7.8nm (down x across)"
        )
    return sides[0], sides[-1]


def parse_area(text: str) -> dict[str, float]:
    """A least area as `Selection` takes it, from text such as 50px or 4000nm2.

    >>> parse_area("0.004um2")
    {'min_area_nm2': 4000.0}
    """
    number = r"\d+\.?\d*(?:e[+-]?\d+)?|\.\d+"
    match = re.fullmatch(rf"\s*({number})\s*(?:(px)|(\D+?)[2²])\s*", text, re.IGNORECASE)
    if match and match[2]:
        return {"min_area_px": float(match[1])}
    unit = nanometres(match[3].lower()) if match else None
    if unit is None:
        raise InputError(f"area '{text}': a number with its unit is expected, as 50px or 4000nm2")
    return {"min_area_nm2": float(match[1]) * unit**2}
