"""SER: images and series of FEI's TIA (Emispec); the .emi file beside them is not needed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from synthwire.errors import InputError
from synthwire.io.calibration import different_sizes
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.binary import take, take_pixels
from synthwire.io.recordings.recording import Recording, require_bytes, require_pixels

SUFFIXES = (".ser",)

_START = b"II\x97\x01"
_PIXELS = dict(enumerate(("u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8", "c8", "c16"), start=1))
_IMAGES = 0x4122  # what the elements are; 0x4120 are spectra
_LONG_OFFSETS = 0x0220  # the version of the format from which offsets have 8 bytes
_LARGEST_COUNT = 100_000
# Steps are in metres, or, of a diffraction pattern, in 1/m, which the .emi alone would say.
_LARGEST_STEP_M = 1e-3
_NM_PER_M = 1e9


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(_START)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read the images of a file; of a series that was stopped those that were taken.

    The first row lies at the bottom, as TIA shows it. InputError when it is truncated or damaged,
    or when it holds spectra, or images of different shapes.
    """
    try:
        with open_binary(path) as file:
            offsets = _offsets(path, file)
            elements = [_element(file, offset) for offset in offsets]
            step, dtype, shape = elements[0]
            if any(element[1:] != (dtype, shape) for element in elements):
                raise InputError(f"{path}: its images have different shapes; save each by itself")
            require_pixels(path, (len(offsets), *shape), largest_pixels)
            require_bytes(path, len(offsets) * shape[0] * shape[1] * dtype.itemsize)
            pages = np.stack(
                [take_pixels(path, file, offset + _HEAD, dtype, shape) for offset in offsets]
            )[:, ::-1]
    except (EOFError, KeyError, struct.error, OverflowError, ValueError) as error:
        why = f"type of pixels {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path}: a truncated or damaged SER file of TIA ({why})") from None
    said = different_sizes(step for step, *_ in elements)
    if said is not None:
        return Recording(pages, pixel_size_remarks=(said,))
    return Recording(pages, step)


def _offsets(path: Path | MemoryFile, file: BinaryIO) -> list[int]:
    _, _, version, kind, _, total, valid = take(file, "<3H4i")
    word = "q" if version >= _LONG_OFFSETS else "i"
    (table,) = take(file, f"<{word}")
    if kind != _IMAGES:
        raise InputError(f"{path}: a SER file of TIA that holds spectra, not images")
    if valid == 0:
        raise InputError(f"{path}: a SER file of TIA without any image; was the series stopped?")
    if not 0 < valid <= total <= _LARGEST_COUNT or not 0 < table < file.seek(0, 2):
        raise ValueError("its counts make no sense")
    file.seek(table)
    offsets = take(file, f"<{valid}{word}")
    if min(offsets) < 0:  # a file in memory takes one, a file on the disk fails with an OSError
        raise ValueError("an image lies before its start")
    return list(offsets)


_LAYOUT = "<ddiddihii"  # start, step and an index along x, the same along y, type, width, height
_HEAD = struct.calcsize(_LAYOUT)


def _element(
    file: BinaryIO, offset: int
) -> tuple[tuple[float, float] | None, np.dtype, tuple[int, int]]:
    """Pixel size (y, x) in nm, type and shape of the image at a byte of the file."""
    file.seek(offset)
    _, step_x, _, _, step_y, _, kind, width, height = take(file, _LAYOUT)
    steps = (abs(step_y), abs(step_x))
    known = all(0 < step < _LARGEST_STEP_M for step in steps)
    size = (steps[0] * _NM_PER_M, steps[1] * _NM_PER_M) if known else None
    return size, np.dtype(_PIXELS[kind]).newbyteorder("<"), (height, width)
