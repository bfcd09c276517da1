"""Which pixel sizes a careful colleague would not believe at once, and why, in a line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthwire.io.calibration.sizes import length_words

NM_PER_INCH = 2.54e7
# Resolutions of printers, screens and scanners, in dots per inch: programs write them where they
# know no size, and others take them for one.
PRINT_DPI = (
    *(72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 300, 350, 360, 400, 450, 600, 720),
    *(1200, 1440, 2400, 4800),
)
PRINT_TOLERANCE = 5e-4  # 28.346 dots per cm are 72 dots per inch
# What converters write where they know nothing: 1 of their unit.
FILLERS_NM = (0.1, 1e3, 1e6, 1e7, NM_PER_INCH, 1e9)
# The longer side of an image of wires; beyond it a unit is wrong, or something else is shown.
FIELD_NM = (5.0, 5e6)
SQUARE_TOLERANCE = 0.01


def print_resolution(size_nm: Sequence[float]) -> str | None:
    """Why a pixel size (y, x) in nm is a resolution of prints and none of a specimen, or None."""
    for dpi in PRINT_DPI:
        if all(math.isclose(NM_PER_INCH / side, dpi, rel_tol=PRINT_TOLERANCE) for side in size_nm):
            return (
                f"{length_words(size_nm[1])} per pixel is {dpi} dots per inch, a resolution for "
                "prints and no pixel size; not taken"
            )
    return None


def filler(size_nm: Sequence[float]) -> str | None:
    """Why a pixel size (y, x) in nm may stand for an unknown one, or None."""
    for size in FILLERS_NM:
        if all(math.isclose(side, size, rel_tol=1e-6) for side in size_nm):
            words = "1 Å" if size == 0.1 else length_words(size)
            return (
                f"the file says {words} per pixel exactly, which converters write where they know "
                "none; give the pixel size if that is wrong"
            )
    return None


def odd_field(size_nm: Sequence[float], shape: Sequence[int]) -> str | None:
    """Why pixels (y, x) in nm make no sense for an image (height, width) of wires, or None."""
    sides = [side * pixels for side, pixels in zip(size_nm, shape, strict=True)]
    if FIELD_NM[0] <= max(sides) <= FIELD_NM[1]:
        return None
    field = " × ".join(length_words(side) for side in sides)
    how = "small" if max(sides) < FIELD_NM[0] else "large"
    return (
        f"pixels of {length_words(size_nm[1])} make the image {field}, too {how} for one of wires; "
        "is the unit right?"
    )


def other_width(width: int | None, shape: Sequence[int]) -> str | None:
    """Why a pixel size for images that many pixels wide may not hold for this one, or None."""
    if width is None or width == shape[1]:
        return None
    return (
        f"the pixel size is said of an image {width} pixels wide, this one has {shape[1]}; was it "
        "resized, or cut?"
    )


def not_square(size_nm: Sequence[float]) -> str | None:
    """A remark on pixels (y, x) in nm that are not square, or None."""
    y, x = size_nm
    if math.isclose(y, x, rel_tol=SQUARE_TOLERANCE):
        return None
    return f"pixels are not square: {length_words(y)} down, {length_words(x)} across"
