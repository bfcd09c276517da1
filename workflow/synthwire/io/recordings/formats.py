"""Reading a file of any format: the table of formats, and the right one for a file."""

from __future__ import annotations

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, Source, as_source, open_binary
from synthwire.io.recordings import nexus, pillow, sdf, tiff
from synthwire.io.recordings.recording import Recording, require_image

# The first that recognises a file reads it; pillow takes what is left. A new format is a file with
# recognises(path, start) and read(path, largest_pixels), and its name here.
FORMATS = (tiff, nexus, sdf, pillow)
START_BYTES = 8


def read_image(path: Source) -> np.ndarray:
    """Pixels of one file as stored: (H, W), (H, W, 3 or 4), or, for several pages, one axis more.

    InputError in one line when the file is missing, empty, truncated, no image, or too large.
    """
    pages = read_recording(path).pages
    return pages[0] if len(pages) == 1 else pages


def read_recording(path: Source, *, largest_pixels: int | None = None) -> Recording:
    """Read one file with its metadata, from disk or from memory.

    PNG, JPEG; TIFF (8/16-bit, float, several pages, OME, ImageJ, SEM makers' tags); STXM scans as
    NeXus/HDF5 (NXstxm) or as SDF, for which `path` is the .hdr file beside its .xim files. The
    format is told from the file's first bytes, not from its name, but for SDF. A file in memory is
    trusted less: what would lead to other files, or to any of Pillow's rarer formats, is refused.

    largest_pixels: most pixels that may be decoded, over all pages, colours counted once.
    InputError in one line when the file is missing, empty, truncated, no image, or too large.
    """
    path = as_source(path)
    start = _start_of(path)
    reader = next(item for item in FORMATS if item.recognises(path, start))
    recording = reader.read(path, largest_pixels)
    require_image(path, recording.pages)
    return recording


def _start_of(path: Source) -> bytes:
    if not isinstance(path, MemoryFile) and path.is_dir():
        raise InputError(f"{path}: a folder, where an image file is expected")
    try:
        with open_binary(path) as file:
            start = file.read(START_BYTES)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not start:
        raise InputError(f"{path}: the file is empty (0 bytes)")
    return start
