"""SXM: scans of Nanonis controllers, a text header with the numbers of all channels behind it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.binary import take_pixels
from synthwire.io.recordings.recording import Recording, require_pixels

SUFFIXES = (".sxm",)

_START = b":NANONIS_VERSION:"
_END = b"\x1a\x04"
_LARGEST_HEADER = 2**20
_NM_PER_M = 1e9


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(_START)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read the first channel of a scan, as it ran forwards; lines not reached are NaN.

    InputError when the header or the numbers are truncated or damaged.
    """
    with open_binary(path) as file:
        header, mark, _ = file.read(_LARGEST_HEADER).partition(_END)
        try:
            fields = _fields(header.decode("latin-1"))
            width, height = (int(side) for side in fields["SCAN_PIXELS"].split())
            names = [line.split()[1] for line in _lines(fields["DATA_INFO"])[1:]]
            if not mark:
                raise ValueError("the header does not end")
            first = names[0]
        except (KeyError, ValueError, IndexError) as error:
            why = f"no {error}" if isinstance(error, KeyError) else error
            raise InputError(
                f"{path}: a truncated or damaged SXM file of Nanonis ({why})"
            ) from None
        shape = (1, height, width)
        require_pixels(path, shape, largest_pixels)
        pages = take_pixels(path, file, len(header) + len(mark), np.dtype(">f4"), shape)
    if fields.get("SCAN_DIR", "").strip().lower() == "up":  # the first line lies at the bottom
        pages = pages[:, ::-1]
    remarks: tuple[str, ...] = ()
    if len(names) > 1:
        remarks = (f"the first of its channels, {first}, is read, not {', '.join(names[1:])}",)
    return Recording(pages, _pixel_size(fields, height, width), remarks=remarks)


def _fields(header: str) -> dict[str, str]:
    """What stands below each `:NAME:`."""
    parts = re.split(r"^:([^:\n]+):\s*$", header, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _pixel_size(fields: dict[str, str], height: int, width: int) -> tuple[float, float] | None:
    """(y, x) in nm, from the scan's range in metres."""
    try:
        across, down = (float(side) for side in fields["SCAN_RANGE"].split())
    except (KeyError, ValueError):
        return None
    size = (down / height * _NM_PER_M, across / width * _NM_PER_M)
    return size if all(0 < side < np.inf for side in size) else None
