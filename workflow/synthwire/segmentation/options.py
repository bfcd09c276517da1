"""What a user may set for a segmentation: how images are read, and what counts as a particle."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synthwire.errors import InputError
from synthwire.io.complex_numbers import COMPLEX_PARTS, PHASE
from synthwire.io.units import NUMBER, length_nm, nanometres, number

if TYPE_CHECKING:
    import numpy as np

    from synthwire.io.files import Source

MODALITIES = {
    "od": "optical density, or anything else bright on dark, as it is",
    "transmission": "transmitted intensities, of which −ln(I/I₀) is made",
    "sem": "scanning electron micrographs, as they are",
    "tem": "transmission electron micrographs, dark on bright, inverted",
}

BY_HAND = {  # what a person did to a particle, as all files of a result name it
    "kept": "taken in, although its score or another rule left it out",
    "drawn": "drawn as a line or a polygon",
    "split": "a part of what the model took for one",
    "merged": "several of what the model took for particles of their own",
    "reshaped": "with another end",
}

THRESHOLD = 0.7  # the score from which the paper draws and counts an instance


@dataclass(frozen=True)
class Preparation:
    """How an image is read.

    modality: a key of `MODALITIES`. pixel_size_nm: (down, across); None takes what the file says.
    incident: for transmission, where I₀ comes from: {"percentile": 95}, {"region": [x, y, width,
    height]} or {"image": path}. energy_ev: of a stack over photon energies the page at this
    energy; None takes the mean over all. complex_part: what is taken of complex numbers, as
    ptychography gives them, a key of `COMPLEX_PARTS`. stretch: whether the contrast is stretched to
    the whole range of grey values. crop: which part of an image is picture, as `window_by_hand`
    takes it; {} is all of it, None leaves out the data bars that are found. leave_out: a mask
    (height, width), a file or an array, of what is not searched, as `left_out.read_mask` takes it.
    """

    modality: str = "od"
    pixel_size_nm: tuple[float, float] | None = None
    incident: Mapping[str, Any] = field(default_factory=lambda: {"percentile": 95.0})
    energy_ev: float | None = None
    complex_part: str = PHASE
    stretch: bool = True
    crop: Mapping[str, Any] | None = None
    leave_out: Source | np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES:
            raise InputError(f"modality '{self.modality}' is none of {', '.join(MODALITIES)}")
        if self.complex_part not in COMPLEX_PARTS:
            raise InputError(
                f"complex part '{self.complex_part}' is none of {', '.join(COMPLEX_PARTS)}"
            )
        if not all(0 < side < math.inf for side in self.pixel_size_nm or ()):
            raise InputError(f"pixel size {self.pixel_size_nm} nm: its sides are not above zero")


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
    """(down, across) in nm from text such as 6nm, 0.006 um, 6,5 nm/px or 6.6x7.8nm.

    >>> parse_pixel_size("0.006 µm"), parse_pixel_size("6,5 NM/pixel")
    ((6.0, 6.0), (6.5, 6.5))
    >>> parse_pixel_size("6.6x7.8nm")
    (6.6, 7.8)
    """
    why = ""
    pair = re.fullmatch(rf"\s*({NUMBER})\s*(\D*?)\s*[xX×]\s*({NUMBER})\s*(\D+)", text)
    try:
        if pair:
            unit = pair[4]
            sides = [
                length_nm(pair[1] + (pair[2] or unit), typed=True),
                length_nm(pair[3] + unit, typed=True),
            ]
        else:
            sides = [length_nm(text, typed=True)]
    except ValueError as error:
        sides, why = [], f" ({error})" if "may be" in str(error) else ""
    if not sides or not all(0 < side < math.inf for side in sides):
        raise InputError(
            f"pixel size '{text}': a length above zero with its unit is expected, as 6nm, "
            f"0.006um, or 6.6x7.8nm (down x across){why}"
        )
    return sides[0], sides[-1]


def parse_area(text: str) -> dict[str, float]:
    """A least area as `Selection` takes it, from text such as 50px or 4000nm2.

    >>> parse_area("0.004um2")
    {'min_area_nm2': 4000.0}
    """
    match = re.fullmatch(rf"\s*({NUMBER})\s*(?:([pP][xX])|(\D+?)[2²])\s*", text)
    unit = nanometres(match[3]) if match else None
    try:
        if match and match[2]:
            return {"min_area_px": number(match[1], typed=True)}
        if match and unit:
            return {"min_area_nm2": number(match[1], typed=True) * unit**2}
        why = ""
    except ValueError as error:  # a comma that may part thousands
        why = f" ({error})"
    raise InputError(f"area '{text}': a number with its unit is expected, as 50px or 4000nm2{why}")


def parse_crop(text: str) -> dict[str, Any]:
    """What is picture, as `Preparation` has it, from text such as 0,0,1024,884 or bottom=59.

    >>> parse_crop("0,0,1024,884"), parse_crop("bottom=59,top=8"), parse_crop("none")
    ({'box': (0, 0, 1024, 884)}, {'bottom': 59, 'top': 8}, {})
    """
    plain = text.replace(" ", "")
    if plain.lower() == "none":
        return {}
    if re.fullmatch(r"\d+(,\d+){3}", plain):
        return {"box": tuple(int(side) for side in plain.split(","))}
    if re.fullmatch(r"(left|top|right|bottom)=\d+(,(left|top|right|bottom)=\d+)*", plain):
        return {
            side: int(pixels) for side, pixels in (item.split("=") for item in plain.split(","))
        }
    raise InputError(
        f"crop '{text}': left,top,right,bottom of the picture in pixels is expected, as "
        "0,0,1024,884, or how much to leave out, as bottom=59, or none"
    )
