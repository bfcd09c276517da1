"""EMD, two layouts of HDF5 for electron microscopes: Velox's, and that of Berkeley and py4DSTEM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synthwire.io.calibration import different_sizes
from synthwire.io.files import MemoryFile
from synthwire.io.recordings.hdf5_items import groups, is_wide, take_dataset, text, the_only
from synthwire.io.recordings.recording import Recording
from synthwire.io.units import nanometres

if TYPE_CHECKING:
    import h5py

_IMAGES = "Data/Image"
_OVERVIEW = "HAADF"  # of several detectors of Velox the one whose image shows particles bright


def read_layout(
    path: Path | MemoryFile, file: h5py.File, largest_pixels: int | None
) -> Recording | None:
    """Read an EMD file; None where it is none. InputError where it holds several images."""
    if hasattr(file.get(_IMAGES), "keys"):
        return _read_velox(path, file[_IMAGES], largest_pixels)
    marked = {
        name: group for name, group in groups(file).items() if "emd_group_type" in group.attrs
    }
    return _read_berkeley(path, marked, largest_pixels) if marked else None


# -- Velox (Thermo Fisher): Data/Image/…, with metadata as JSON in columns of bytes ----------------


def _read_velox(
    path: Path | MemoryFile, images: h5py.Group, largest_pixels: int | None
) -> Recording:
    found = {
        name: item
        for name, item in images.items()
        if hasattr(item, "keys")
        and hasattr(item.get("Data"), "dtype")
        and item["Data"].dtype.kind in "buif"
        and item["Data"].ndim in (2, 3)
    }
    metadata = {name: _velox_metadata(item) for name, item in found.items()}
    detectors = {name: _detector(metadata[name]) or name for name in found}
    remarks: tuple[str, ...] = ()
    chosen = list(found)
    if len(found) > 1:
        chosen = [name for name in found if detectors[name].startswith(_OVERVIEW)]
        others = ", ".join(detectors[name] for name in found if name not in chosen)
        remarks = (f"of its images that of the detector {_OVERVIEW} is read, not {others}",)
    name = the_only(path, chosen, "image in this EMD file of Velox", detectors.values())
    pages = _take_frames(path, found[name]["Data"], largest_pixels)
    size = _velox_size(metadata[name])
    said = different_sizes((size, _velox_size(_velox_metadata(found[name], frame=-1))))
    if said is not None:
        return Recording(pages, remarks=remarks, pixel_size_remarks=(said,))
    return Recording(pages, size, remarks=remarks)


def _take_frames(
    path: Path | MemoryFile, data: h5py.Dataset, largest_pixels: int | None
) -> np.ndarray:
    """Pages of a dataset whose frames lie along its last axis."""
    pixels = take_dataset(path, data, largest_pixels).reshape(data.shape)
    return pixels[np.newaxis] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)


def _velox_metadata(item: h5py.Group, frame: int = 0) -> dict[str, Any]:
    """What a frame's column says; {} where it says nothing."""
    try:
        columns = item["Metadata"][()]
        content = columns[:, frame] if columns.ndim == 2 else columns
        found = json.loads(bytes(content).split(b"\0")[0].decode("utf-8", "replace"))
    except (KeyError, IndexError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _detector(metadata: dict[str, Any]) -> str:
    result = metadata.get("BinaryResult", {})
    return str(result.get("Detector", "")) if isinstance(result, dict) else ""


def _velox_size(metadata: dict[str, Any]) -> tuple[float, float] | None:
    try:
        result = metadata["BinaryResult"]
        size = [
            float(result["PixelSize"][side]) * (nanometres(result[f"PixelUnit{axis}"]) or np.nan)
            for side, axis in (("height", "Y"), ("width", "X"))
        ]
    except (KeyError, TypeError, ValueError):
        return None
    return (size[0], size[1]) if all(0 < side < np.inf for side in size) else None


# -- Berkeley's: groups marked emd_group_type, with `data` and an axis in each `dim1`, `dim2`, … ---


def _read_berkeley(
    path: Path | MemoryFile, marked: dict[str, h5py.Group], largest_pixels: int | None
) -> Recording:
    found = {}
    for name, group in marked.items():
        data = group.get("data")
        if (
            hasattr(data, "dtype")
            and data.dtype.kind in "buifc"
            and data.ndim in (2, 3)
            and is_wide(data.shape)
        ):
            found[name] = group
    group = found[the_only(path, found, "image or stack in this EMD file")]
    pixels = take_dataset(path, group["data"], largest_pixels).reshape(group["data"].shape)
    axes = _axes(group)
    if len(axes) != pixels.ndim:
        return Recording(pixels[np.newaxis] if pixels.ndim == 2 else pixels)
    steps = [_step(axis) for axis in axes]
    names = [text(axis.attrs.get("name", "")).strip().lower() for axis in axes]
    order = list(range(pixels.ndim))
    if pixels.ndim == 3:  # the pages run along the axis that is no length, be it the first or not
        order.insert(0, order.pop(next((axis for axis in order if steps[axis] is None), 0)))
    if [names[axis] for axis in order[-2:]] == ["x", "y"]:  # HyperSpy writes them so
        order[-2:] = order[:-3:-1]
    y, x = (steps[axis] for axis in order[-2:])
    pixels = pixels.transpose(order)
    return Recording(
        pixels[np.newaxis] if pixels.ndim == 2 else pixels,
        (y, x) if y is not None and x is not None else None,
    )


def _axes(group: h5py.Group) -> list[h5py.Dataset]:
    """The axes of a group's data; they count from 1, or, in files of version 1, from 0."""
    first = 0 if "dim0" in group else 1
    names = [f"dim{number}" for number in range(first, first + group["data"].ndim)]
    return [group[name] for name in names if name in group]


def _step(axis: h5py.Dataset) -> float | None:
    """The step along an axis in nm; None where it is no length. Units are written as [n_m]."""
    unit = nanometres(text(axis.attrs.get("units", "")).strip("[] ").replace("_", ""))
    values = np.ravel(axis[()])
    if unit is None or len(values) < 2 or values.dtype.kind not in "uif":
        return None
    step = abs(float(values[1]) - float(values[0])) * unit
    return step if 0 < step < np.inf else None
