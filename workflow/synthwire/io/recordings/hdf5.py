"""HDF5: the layouts that are known, and any file with one image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, Source
from synthwire.io.recordings import emd, hyperspy, nexus, ptychography
from synthwire.io.recordings.hdf5_items import datasets, is_wide, open_hdf5, take_dataset
from synthwire.io.recordings.recording import Recording

if TYPE_CHECKING:
    import h5py

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx5", ".emd", ".hspy", ".cxi", ".ptyr")

_START = b"\x89HDF\r\n\x1a\n"
# The first that knows the layout of a file reads it; each gives None where it does not.
_LAYOUTS = (
    emd.read_layout,
    hyperspy.read_layout,
    ptychography.read_layout,
    nexus.read_layout,
)


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    return start.startswith(_START)


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read an HDF5 file of a layout that is known, or any with one image or stack.

    InputError in one line when the file is truncated, holds no image, several among which nothing
    tells the right one, or one of more than `largest_pixels`; and, of a file in memory, when it
    draws on other files.
    """
    try:
        with open_hdf5(path) as file:
            for read_layout in _LAYOUTS:
                recording = read_layout(path, file, largest_pixels)
                if recording is not None:
                    return recording
            return _only_image(path, file, largest_pixels)
    except OSError as error:
        reason = str(error).split("(")[-1].rstrip(")")
        raise InputError(f"{path}: truncated or damaged HDF5 file ({reason})") from None
    except InputError:
        raise
    # damaged inside: filters and B-trees, places that no file has, names that are none
    except (RuntimeError, OverflowError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged HDF5 file ({error})") from None


def _only_image(path: Source, file: h5py.File, largest_pixels: int | None) -> Recording:
    found = {
        name: item
        for name, item in datasets(file).items()
        if item.ndim in (2, 3) and item.dtype.kind in "buif" and is_wide(item.shape)
    }
    if len(found) != 1:
        what = ", ".join(list(found)[:6]) if found else "none"
        raise InputError(
            f"{path}: neither NeXus, EMD, HyperSpy, CXI nor PtyPy, and not exactly one image among "
            f"its datasets: {what}"
        )
    return Recording(take_dataset(path, next(iter(found.values())), largest_pixels))
