"""HDF5: the layouts that are known, and any file with one image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, Source
from synthwire.io.recordings import emd, hyperspy, nexus, ptychography
from synthwire.io.recordings.hdf5_items import datasets, open_hdf5, take_dataset
from synthwire.io.recordings.recording import SMALLEST_SIDE, Recording, pages_of

if TYPE_CHECKING:
    import h5py

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx5", ".emd", ".hspy", ".cxi", ".ptyr")

_ELEMENT_SIZE, _NM_PER_UM = "element_size_um", 1e3  # as Fiji and ilastik write it
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
    found, shapes = {}, {}
    for name, item in datasets(file).items():
        shape = pages_of(item.shape) if item.dtype.kind in "buif" else None
        if shape is not None and min(shape[1:3]) >= SMALLEST_SIDE:
            found[name], shapes[name] = item, shape
    if len(found) != 1:
        what = ", ".join(list(found)[:6]) if found else "none"
        raise InputError(
            f"{path}: neither NeXus, EMD, HyperSpy, CXI nor PtyPy, and not exactly one image among "
            f"its datasets: {what}"
        )
    ((name, item),) = found.items()
    pages = take_dataset(path, item, largest_pixels).reshape(shapes[name])
    side = np.ravel(item.attrs.get(_ELEMENT_SIZE, ())) * _NM_PER_UM
    return Recording(pages, (float(side[-2]), float(side[-1])) if len(side) > 1 else None)
