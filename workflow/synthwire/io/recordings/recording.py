"""What one file holds, and what it must not exceed or fall short of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthwire.errors import InputError
from synthwire.io.burnt_in.window import Window
from synthwire.io.files import Source

SMALLEST_SIDE = 8  # below this nothing can be segmented, and the last axis is surely colour
COLOURS = (3, 4)
LARGEST_BYTES = 4 * 2**30  # decoded; beyond it a laptop stops answering before we can say why


@dataclass(frozen=True)
class Recording:
    """What one file holds.

    pages: (pages, height, width) or (pages, height, width, channels), upright.
    pixel_size_nm: (y, x), or None where the file does not say.
    energies_ev: photon energy of each page in eV, or None.
    remarks: what was read in a way that a person may doubt, one line each.
    pixel_size_doubt: why pixel_size_nm may be wrong, in one line, or None. pixel_size_remarks:
    further lines on it.
    palette: the colours (values, 3) that the values stand for, or None where they are grey.
    white_level: where the file says that zero is white, the value that is black.
    picture_rows: how many of the rows are picture, where the file says that more follow. window:
    the part of each page that is picture, without data bars; None where that is all of it.
    valid: (pages, height, width), False where the file holds no picture, as in lines that a scan
    did not reach; None where there is picture everywhere.
    complex: whether the file holds complex numbers.
    """

    pages: np.ndarray
    pixel_size_nm: tuple[float, float] | None = None
    energies_ev: tuple[float, ...] | None = None
    remarks: tuple[str, ...] = ()
    pixel_size_doubt: str | None = None
    pixel_size_remarks: tuple[str, ...] = ()
    palette: np.ndarray | None = None
    white_level: float | None = None
    picture_rows: int | None = None
    window: Window | None = None
    valid: np.ndarray | None = None
    complex: bool = False


def pages_of(shape: Sequence[int]) -> tuple[int, ...] | None:
    """(pages, height, width[, colours]) of an array of a shape; None for what is no image.

    Axes of length one count as none, where there are more than two; a last axis of 3 or 4 is one
    of colours, since no page can be so narrow.
    """
    sides = tuple(side for side in shape if side != 1) if len(shape) > 2 else tuple(shape)
    colours = sides[-1:] if len(sides) > 2 and sides[-1] in COLOURS else ()
    body = sides[: len(sides) - len(colours)]
    return (1, *body, *colours)[len(body) - 2 :] if len(body) in (2, 3) else None


def require_pixels(path: Source, shape: Sequence[int], largest: int | None) -> None:
    """Refuse, before it is decoded, what has more pixels than `largest`; shape: … height, width."""
    if largest is not None and np.prod(shape, dtype=np.float64) > largest:
        raise InputError(
            f"{path}: {' × '.join(map(str, shape))} pixels; at most {largest / 1e6:g} megapixels "
            "are taken; cut it into tiles or bin it"
        )


def require_bytes(path: Source, count: int) -> None:
    """Refuse, before it is decoded, what takes more memory than `LARGEST_BYTES`."""
    if count > LARGEST_BYTES:
        raise InputError(
            f"{path}: {count / 2**30:.1f} GiB of pixels, more than {LARGEST_BYTES / 2**30:.0f}; "
            "cut it into tiles"
        )


def require_image(path: Source | str, pages: np.ndarray) -> None:
    """Refuse what is no image, or is too small for one."""
    if pages.ndim not in (3, 4):
        raise InputError(f"{path}: an array of shape {pages.shape} is no image and no stack")
    height, width = pages.shape[1:3]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(
            f"{path}: {height} × {width} pixels; each side must have at least {SMALLEST_SIDE}"
        )
    if pages.dtype.kind not in "buifc":
        raise InputError(f"{path}: pixels of type {pages.dtype}; numbers are expected")
