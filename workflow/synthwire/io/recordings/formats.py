"""Reading a file of any format: the table of formats, and the right one for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.calibration import sidecars_among, sidecars_of
from synthwire.io.complex_numbers import PHASE, real_pages, without_ramps
from synthwire.io.files import MemoryFile, Source, as_source, open_binary
from synthwire.io.recordings import (
    arrays,
    digital_micrograph,
    energies,
    hdf5,
    mrc,
    nanonis,
    pillow,
    sdf,
    ser,
    tiff,
)
from synthwire.io.recordings.blank import without_blank
from synthwire.io.recordings.calibrated import calibrated
from synthwire.io.recordings.display import as_shown
from synthwire.io.recordings.picture import with_window
from synthwire.io.recordings.recording import COLOURS, Recording, require_image

# The first that recognises a file reads it; pillow takes what is left. A new format is a file with
# SUFFIXES, recognises(path, start) and read(path, largest_pixels), and its name here.
FORMATS = (tiff, hdf5, digital_micrograph, ser, arrays, nanonis, sdf, mrc, pillow)
SUFFIXES = tuple(suffix for item in FORMATS for suffix in item.SUFFIXES)
MEMORY_SUFFIXES = tuple(
    suffix for item in FORMATS for suffix in getattr(item, "MEMORY_SUFFIXES", item.SUFFIXES)
)
START_BYTES = 256


def is_searched(path: Path) -> bool:
    """Whether a file in a folder counts as an image there, by its name and, where need be, content.

    A `.hdr` is a scan's header only where it says so: Tescan and ENVI write others beside their
    images. An array of objects is none of pixels.
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES and not path.is_file():  # whoever reads a pipe may wait for ever
        return False
    if suffix in sdf.SUFFIXES:
        return sdf.is_header(path)
    return suffix in SUFFIXES and not (suffix in arrays.SUFFIXES and arrays.holds_objects(path))


def texts_of(image: Path) -> list[Path]:
    """The texts beside an image that go with it: a microscope's, the energies of a scan's pages."""
    scanned = image.suffix.lower() in tiff.SUFFIXES
    return [*sidecars_of(image), *(energies.texts_of(image) if scanned else ())]


def companions_among(image: MemoryFile, files: Sequence[MemoryFile]) -> list[MemoryFile]:
    """Those of some files in memory that go with an image: a microscope's text, a scan's pages or
    energies.
    """
    texts = [*sidecars_among(image, files), *energies.texts_among(image, files)]
    return [*texts, *sdf.images_among(image, files)]


def read_image(path: Source) -> np.ndarray:
    """Pixels of one file: (H, W), (H, W, 3 or 4), or, for several pages, one axis more.

    InputError in one line when the file is missing, empty, truncated, no image, or too large.
    """
    pages = read_recording(path).pages
    return pages[0] if len(pages) == 1 else pages


def read_recording(
    path: Source,
    *,
    largest_pixels: int | None = None,
    complex_part: str = PHASE,
    crop: Mapping[str, Any] | None = None,
) -> Recording:
    """Read one file with its metadata, from disk or from memory.

    docs/images.md has the table of formats. The format is told from the file's first bytes, not
    from its name, but for SDF, whose `path` is the .hdr file beside its .xim files, and for MRC of
    before 2000. A file in memory is trusted less: what would lead to files that are not `beside`
    it, or to any of Pillow's rarer formats, is refused.

    largest_pixels: most pixels that may be decoded, over all pages, colours counted once.
    complex_part: what is taken of complex numbers, a key of `complex_numbers.COMPLEX_PARTS`.
    crop: which part is picture, as `picture.with_window` takes it.
    InputError in one line when the file is missing, empty, truncated, no image, or too large.
    """
    path = as_source(path)
    start = _start_of(path)
    reader = next(item for item in FORMATS if item.recognises(path, start))
    recording = reader.read(path, largest_pixels)
    require_image(path, recording.pages)
    return _made_real(path, calibrated(path, recording), complex_part, crop)


def array_recording(
    pixels: np.ndarray, *, complex_part: str = PHASE, crop: Mapping[str, Any] | None = None
) -> Recording:
    """One image in memory (height, width[, 3 or 4]) as `read_recording` gives one of a file.

    complex_part, crop: as there. InputError in one line where it is no image, or too small for one.
    """
    if pixels.ndim != 2 and pixels.shape[2:] not in [(colours,) for colours in COLOURS]:
        raise InputError(
            f"an array of shape {pixels.shape} is no image; (height, width) or (height, width, 3 "
            "or 4) is expected"
        )
    pages = np.asarray(pixels)[np.newaxis]
    require_image("the array", pages)
    return _made_real("the array", Recording(pages), complex_part, crop)


def _made_real(
    name: Source | str, recording: Recording, complex_part: str, crop: Mapping[str, Any] | None
) -> Recording:
    """A recording of real numbers, with what of it is picture; name: for messages."""
    recording = replace(recording, complex=recording.pages.dtype.kind == "c")
    if complex_part == PHASE and recording.complex:
        level, said = without_ramps(recording.pages)
        recording = replace(recording, pages=level, remarks=(*recording.remarks, *said))
    try:
        recording = replace(recording, pages=real_pages(recording.pages, complex_part))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return without_blank(with_window(as_shown(recording), crop))


def _start_of(path: Path | MemoryFile) -> bytes:
    if not isinstance(path, MemoryFile) and path.is_dir():
        raise InputError(f"{path}: a folder, where an image file is expected")
    if not isinstance(path, MemoryFile) and path.exists() and not path.is_file():
        raise InputError(f"{path}: a pipe or a device, where an image file is expected")
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
