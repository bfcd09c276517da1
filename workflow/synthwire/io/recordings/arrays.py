"""NPY: one array of NumPy."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.binary import take_pixels
from synthwire.io.recordings.recording import Recording, require_pixels

SUFFIXES = (".npy",)

_START = b"\x93NUMPY"
_COLOURS = (3, 4)


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(_START)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read an array (height, width), (pages, height, width), or with 3 or 4 colours behind.

    A last axis of 3 or 4 is one of colours, since no page can be so narrow. InputError for objects
    (nothing is unpickled), for other shapes, or where the file is truncated.
    """
    with open_binary(path) as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = read_header(file)
        except (ValueError, TypeError, EOFError, SyntaxError, TokenError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"{path}: a truncated or damaged NPY file ({reason})") from None
        if dtype.hasobject or dtype.names:
            raise InputError(
                f"{path}: an NPY file of {'objects' if dtype.hasobject else 'records'}, not of "
                "pixels; save the image alone as one array"
            )
        colour = len(shape) in (3, 4) and shape[-1] in _COLOURS
        if not 2 <= len(shape) <= 3 + colour:
            raise InputError(
                f"{path}: an array of shape {shape} is no image and no stack; (height, width) or "
                "(pages, height, width) is expected"
            )
        require_pixels(path, shape[:-1] if colour else shape, largest_pixels)
        stored = shape[::-1] if fortran else shape
        pages = take_pixels(path, file, file.tell(), dtype, stored)
    pages = pages.transpose() if fortran else pages
    return Recording(pages if pages.ndim == 3 + colour else pages[np.newaxis])


def holds_objects(path: Path) -> bool:
    """Whether a file holds Python objects, as Cellpose's _seg.npy do."""
    try:
        with path.open("rb") as file:
            return b"'|O'" in file.read(256)
    except OSError:
        return False  # reading it says what is wrong
