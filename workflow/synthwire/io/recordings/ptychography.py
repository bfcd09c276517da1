"""Ptychographic reconstructions in HDF5: PtyPy's .ptyr, CXI, and any with one complex object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings.hdf5_items import (
    datasets,
    is_complex,
    is_wide,
    number,
    take_dataset,
    text,
)
from synthwire.io.recordings.recording import Recording
from synthwire.io.units import nanometres

if TYPE_CHECKING:
    import h5py

_NM_PER_M = 1e9
_LATEST = "entry_last"  # to which programs that append their results link the newest


def read_layout(
    path: Path | MemoryFile, file: h5py.File, largest_pixels: int | None
) -> Recording | None:
    """Read the object of a reconstruction, complex as it is; None where there is none.

    Of objects with several modes or slices each is a page. InputError where nothing tells which of
    several is meant, or where the file holds diffraction patterns alone.
    """
    found = _objects(file)
    if not found:
        if "cxi_version" in file or ("chunks" in file and "meta" in file):
            raise InputError(
                f"{path}: diffraction patterns without a reconstruction; name the file of the "
                "reconstructed object"
            )
        return None
    if len(found) > 1:
        raise InputError(
            f"{path}: several reconstructed objects ({', '.join(found)}); save the one meant alone"
        )
    dataset = next(iter(found.values()))
    pages = take_dataset(path, dataset, largest_pixels)
    group = dataset.parent
    if "is_fft_shifted" in group and number(group["is_fft_shifted"]):
        pages = np.fft.fftshift(pages, axes=(1, 2))  # CXI's way to say that quadrants are swapped
    return Recording(pages, _pixel_size(dataset))


def _objects(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Reconstructed objects by their paths: those called so, else CXI's images, else the only one.

    What illuminates them, the probe, is complex, too.
    """
    latest = file.get(_LATEST)
    place = file if latest is None else latest
    every = datasets(place)
    waves = {
        name: item for name, item in every.items() if is_complex(item.dtype) and _is_image(item)
    }
    called = {
        name: item
        for name, item in waves.items()
        if any(part.startswith("obj") for part in name.lower().split("/"))
    }
    if called:
        return called
    images = {
        name: item
        for name, item in every.items()
        if "cxi_version" in file
        and any(part.startswith("image_") for part in name.split("/"))
        and name.endswith("/data")
        and (item.dtype.kind in "uif" or is_complex(item.dtype))
        and _is_image(item)
    }
    return images or {name: item for name, item in waves.items() if "prob" not in name.lower()}


def _is_image(item: h5py.Dataset) -> bool:
    return 2 <= item.ndim <= 4 and is_wide(item.shape[-2:])


def _pixel_size(dataset: h5py.Dataset) -> tuple[float, float] | None:
    """(y, x) in nm, from where each program keeps it; in metres, unless an attribute says else."""
    for sides in (_of_ptypy, _of_nexus, _of_attributes, _of_cxi):
        try:
            y, x = sides(dataset)
        except (KeyError, ValueError, TypeError):
            continue
        if 0 < y < np.inf and 0 < x < np.inf:
            return y, x
    return None


def _of_ptypy(dataset: h5py.Dataset) -> tuple[float, float]:
    group = dataset.parent
    y, x = np.broadcast_to(np.ravel(group["_psize" if "_psize" in group else "psize"][()]), 2)
    return float(y) * _NM_PER_M, float(x) * _NM_PER_M


def _of_nexus(dataset: h5py.Dataset) -> tuple[float, float]:
    y, x = (_length(dataset.parent[f"{axis}_pixel_size"]) for axis in "yx")
    return y, x


def _length(item: h5py.Dataset) -> float:
    unit = nanometres(text(item.attrs.get("units", "m")))
    if unit is None:
        raise ValueError("no unit of length")
    return number(item) * unit


def _of_attributes(dataset: h5py.Dataset) -> tuple[float, float]:
    y, x = (number(dataset.attrs[f"pixel_{side}_m"]) for side in ("height", "width"))
    return y * _NM_PER_M, x * _NM_PER_M


def _of_cxi(dataset: h5py.Dataset) -> tuple[float, float]:
    """The whole image's size, (x, y) or (x, y, z)."""
    x, y = np.ravel(dataset.parent["image_size"][()])[:2].astype(float)
    height, width = dataset.shape[-2:]
    return y / height * _NM_PER_M, x / width * _NM_PER_M
