"""HyperSpy's signals in HDF5 (`.hspy`): images and stacks, with the scale of their axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings.hdf5_items import is_wide, number, take_dataset, text, the_only
from synthwire.io.recordings.recording import Recording
from synthwire.io.units import nanometres

if TYPE_CHECKING:
    import h5py

_EXPERIMENTS = "Experiments"
_RGB = (("R", "G", "B"), ("R", "G", "B", "A"))


def read_layout(
    path: Path | MemoryFile, file: h5py.File, largest_pixels: int | None
) -> Recording | None:
    """Read a signal of HyperSpy; None where the file is none of it.

    The first axes of a stack are pages. InputError where the file holds several images, or spectra.
    """
    if text(file.attrs.get("file_format", "")) != "HyperSpy":
        return None
    experiments = file.get(_EXPERIMENTS)
    found = {
        name: group
        for name, group in (experiments.items() if hasattr(experiments, "items") else ())
        if hasattr(group, "keys") and _is_image(group.get("data"))
    }
    group = found[the_only(path, found, "image or stack in this HyperSpy file")]
    data = group["data"]
    axes = [group.get(f"axis-{place}") for place in range(data.ndim)]
    signal = [axis for axis in axes if axis is not None and not _navigates(axis)]
    if len(signal) == 1 and data.ndim > 2:
        raise InputError(
            f"{path}: a spectrum at each pixel; sum it over the energies meant, and save that image"
        )
    steps = [_step(axis) for axis in axes[-2:]]
    pixels = take_dataset(path, data, largest_pixels)
    if pixels.dtype.names:
        pixels = np.stack([pixels[colour] for colour in pixels.dtype.names], axis=-1)
    size = (steps[0], steps[1]) if steps[0] and steps[1] else None
    return Recording(pixels, size)


def _is_image(data: object) -> bool:
    """Whether a group's data are pixels, grey or in colours."""
    dtype = getattr(data, "dtype", None)
    if dtype is None or not 2 <= data.ndim <= 4 or not is_wide(data.shape):  # type: ignore[attr-defined]
        return False
    return dtype.kind in "buifc" or dtype.names in _RGB


def _navigates(axis: h5py.Group) -> bool:
    return bool(axis.attrs.get("navigate", False))


def _step(axis: h5py.Group | None) -> float | None:
    """The step along an axis in nm; None where it is no length."""
    if axis is None:
        return None
    unit = nanometres(text(axis.attrs.get("units", "")))
    try:
        step = abs(number(axis.attrs.get("scale", np.nan)))
    except ValueError:
        return None
    return step * unit if unit is not None and 0 < step < np.inf else None
