"""MRC, as TEMs and tomography programs write it: a header of 1024 bytes, then the pixels."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.binary import take_pixels
from synthwire.io.recordings.recording import Recording, require_pixels

SUFFIXES = (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali")

_HEADER = 1024
_PIXELS = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_NOT_READ = {
    3: "a Fourier transform",
    4: "a Fourier transform",
    16: "a colour image",
    101: "an image of 4 bits a pixel",
}
# At byte 152 of what IMOD wrote; a bit at 156 then says whether its bytes are signed.
_IMOD = 1146047817
_ANGSTROM_NM = 0.1
_SMOOTHER = 0.9


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    """By its mark; files of before 2000 have none, and are told by their name and a sane header."""
    if start[208:211] == b"MAP":
        return True
    return path.suffix.lower() in SUFFIXES and len(start) >= 256 and _order(start) is not None


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read the image or stack of a file; rows stand as they are stored, the first one on top.

    InputError when it is truncated or damaged, or holds no real numbers.
    """
    with open_binary(path) as file:
        header = file.read(_HEADER)
        order = _order(header) if len(header) == _HEADER else None
        if order is None:
            raise InputError(f"{path}: a truncated or damaged MRC file (its header makes no sense)")
        columns, rows, sections, mode = struct.unpack_from(f"{order}4i", header)
        if mode in _NOT_READ:
            raise InputError(
                f"{path}: {_NOT_READ[mode]} (MRC mode {mode}); save it as an image of 16 bit or "
                "of floats"
            )
        (extended,) = struct.unpack_from(f"{order}i", header, 92)
        dtype = np.dtype(_PIXELS[mode]).newbyteorder(order)
        shape = (sections, rows, columns)
        require_pixels(path, shape, largest_pixels)
        pages = take_pixels(path, file, _HEADER + extended, dtype, shape)
    if mode == 0 and not _bytes_are_signed(header, order, pages):
        pages = pages.view(np.uint8)
    return Recording(pages, _pixel_size(header, order))


def _order(header: bytes) -> Literal["<", ">"] | None:
    """The byte order in which the header makes sense, '<' or '>'; None when it does in neither."""
    orders: tuple[Literal["<"], Literal[">"]] = ("<", ">")
    for order in orders:
        *sides, mode = struct.unpack_from(f"{order}4i", header)
        (extended,) = struct.unpack_from(f"{order}i", header, 92)
        if all(0 < side < 2**20 for side in sides) and (mode in _PIXELS or mode in _NOT_READ):
            return order if extended >= 0 else None
    return None


def _bytes_are_signed(header: bytes, order: str, pages: np.ndarray) -> bool:
    """The format says signed; older programs wrote bytes without sign, as their range may show.

    Where the header gives none, neighbours tell: read the wrong way, they jump by 256.
    """
    stamp, flags = struct.unpack_from(f"{order}2i", header, 152)
    if stamp == _IMOD:
        return bool(flags & 1)
    least, greatest = struct.unpack_from(f"{order}2f", header, 76)
    if least < greatest:
        return not 127 < greatest <= 255
    page = pages[0]
    jumps = [np.abs(np.diff(page.view(kind).astype(int))).sum() for kind in (np.uint8, np.int8)]
    return bool(jumps[0] >= _SMOOTHER * jumps[1])


def _pixel_size(header: bytes, order: str) -> tuple[float, float] | None:
    """(y, x) in nm: the cell's sides in Å over the intervals along them."""
    columns, rows, _ = struct.unpack_from(f"{order}3i", header, 28)
    width, height, _ = struct.unpack_from(f"{order}3f", header, 40)
    if not (columns > 0 and rows > 0 and 0 < width < np.inf and 0 < height < np.inf):
        return None
    return height / rows * _ANGSTROM_NM, width / columns * _ANGSTROM_NM
