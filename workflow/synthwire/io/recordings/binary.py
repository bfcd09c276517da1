"""Reading binary files by hand: numbers by a layout, blocks of pixels by a shape."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import Source
from synthwire.io.recordings.recording import require_bytes


def take(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    """The next numbers of a file, by a layout of `struct`; EOFError where the file ends before."""
    size = struct.calcsize(layout)
    content = file.read(size)
    if len(content) < size:
        raise EOFError("the file ends too early")
    return struct.unpack(layout, content)


def take_pixels(
    path: Source,
    file: BinaryIO,
    offset: int,
    dtype: np.dtype,
    shape: Sequence[int],
) -> np.ndarray:
    """Pixels of a shape from `offset` on, in this machine's byte order.

    InputError when they are too many for the memory, or when the file ends before them; path: for
    the message.
    """
    if min(shape) < 1 or offset < 0:
        raise InputError(f"{path}: {' × '.join(map(str, shape))} pixels at byte {offset}; damaged")
    count = int(np.prod(shape, dtype=object)) * dtype.itemsize
    require_bytes(path, count)
    here = file.seek(0, 2) - offset
    if here < count:
        raise InputError(f"{path}: truncated ({max(here, 0)} of {count} bytes of pixels are there)")
    file.seek(offset)
    pixels = np.frombuffer(bytearray(file.read(count)), dtype).reshape(shape)
    return pixels.astype(dtype.newbyteorder("="), copy=False)
