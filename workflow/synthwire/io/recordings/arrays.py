"""NPY: one array of NumPy."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.binary import take_pixels
from synthwire.io.recordings.recording import Recording, pages_of, require_pixels

SUFFIXES = (".npy",)

_START = b"\x93NUMPY"


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(_START)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read an array (height, width), (pages, height, width), or with 3 or 4 colours behind.

    `pages_of` says which axis is which. InputError for objects (nothing is unpickled), for other
    shapes, or where the file is truncated.
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
        meant = pages_of(shape)
        if meant is None:
            raise InputError(
                f"{path}: an array of shape {shape} is no image and no stack; (height, width) or "
                "(pages, height, width) is expected"
            )
        require_pixels(path, meant[:3], largest_pixels)
        stored = shape[::-1] if fortran else shape
        pages = take_pixels(path, file, file.tell(), dtype, stored)
    return Recording((pages.transpose() if fortran else pages).reshape(meant))


def holds_objects(path: Path) -> bool:
    """Whether a file holds Python objects, as Cellpose's _seg.npy do."""
    try:
        with path.open("rb") as file:
            return b"'|O'" in file.read(256)
    except OSError:
        return False  # reading it says what is wrong
