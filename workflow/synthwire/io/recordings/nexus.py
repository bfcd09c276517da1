"""STXM scans in NeXus/HDF5 files (NXstxm)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, Source
from synthwire.io.recordings.hdf5_items import text
from synthwire.io.recordings.recording import Recording, require_bytes, require_pixels
from synthwire.io.units import nanometres

if TYPE_CHECKING:
    import h5py

IMAGE_SCANS = ("sample image", "sample image stack", "generic scan")  # of NXstxm's scan types


def read_layout(
    path: Path | MemoryFile, file: h5py.File, largest_pixels: int | None
) -> Recording | None:
    """Read a file of the application definition NXstxm; None where it is none.

    The detector is the one that `default` attributes lead to, else `data` or `counter0`, else the
    only NXdata group with an image. InputError where there are several, or where the scan shows no
    sample.
    """
    group = _nexus_group(path, file)
    return None if group is None else _read_nxdata(path, group, largest_pixels)


def _is_class(item: h5py.HLObject, name: str) -> bool:
    return hasattr(item, "keys") and text(item.attrs.get("NX_class", "")) == name


def _signal(group: h5py.Group) -> h5py.Dataset | None:
    """The signal of an NXdata group, if it is an image or a stack."""
    name = text(group.attrs.get("signal", ""))
    if not name or name not in group:
        marked = [key for key in group if "signal" in getattr(group[key], "attrs", {})]
        name = marked[0] if marked else "data"
    item = group.get(name)
    is_image = hasattr(item, "ndim") and item.dtype.kind in "buif" and 2 <= _rank(item.shape) <= 3
    return item if is_image else None


def _rank(shape: tuple[int, ...]) -> int:
    return max(2, sum(side > 1 for side in shape)) if len(shape) >= 2 else len(shape)


def _detectors(entry: h5py.Group) -> dict[str, h5py.Group]:
    """The NXdata groups of an entry that hold an image or a stack."""
    return {
        name: item
        for name, item in entry.items()
        if _is_class(item, "NXdata") and _signal(item) is not None
    }


def _nexus_group(path: Source, file: h5py.File) -> h5py.Group | None:
    """The NXdata group that is meant, or None when there is none."""
    entries = {name: item for name, item in file.items() if _is_class(item, "NXentry")}
    entry = file.get(text(file.attrs.get("default", "")) or "/")
    if not _is_class(entry, "NXentry"):
        with_images = [name for name, item in entries.items() if _detectors(item)]
        if len(with_images) > 1:  # beamlines write a region of a scan as an entry
            raise InputError(
                f"{path}: {len(with_images)} entries ({', '.join(with_images)}) and no 'default' "
                "attribute that names one; set it, or save the region meant alone"
            )
        entry = next((entries[name] for name in with_images or entries), file)
    groups = _detectors(entry)
    default = text(entry.attrs.get("default", ""))
    for name in (default, "data", "counter0"):
        if name in groups:
            return groups[name]
    if len(groups) > 1:
        raise InputError(
            f"{path}: several detectors ({', '.join(sorted(groups))}) and no 'default' attribute "
            "that names one; set it, or save one detector alone"
        )
    return next(iter(groups.values()), None)


def _axes(group: h5py.Group, signal: h5py.Dataset) -> list[str]:
    """The names of the fields along the axes of the signal; empty where they are not listed."""
    axes = group.attrs.get("axes", signal.attrs.get("axes", ()))
    if isinstance(axes, (bytes, str)):
        axes = text(axes).replace(":", ",").strip("[]").split(",")
    names = [text(axis).strip() for axis in np.atleast_1d(np.asarray(axes, dtype=object))]
    return names if len(names) == signal.ndim else []


def _axis_of(group: h5py.Group, signal: h5py.Dataset, name: str, default: int) -> int:
    """Which axis of the signal a field of an NXdata group runs along, by NeXus's three ways.

    Attributes of the group since 2014, a list in an attribute of the signal, and, as the definition
    NXstxm has it, an attribute `axis` of the field, which counts from 1.
    """
    indices = group.attrs.get(f"{name}_indices")
    if indices is not None:
        return int(np.ravel(indices)[0])
    axes = _axes(group, signal)
    if name in axes:
        return axes.index(name)
    axis = group[name].attrs.get("axis") if name in group else None
    return int(np.ravel(axis)[0]) - 1 if axis is not None else default


def _read_nxdata(path: Source, group: h5py.Group, largest_pixels: int | None) -> Recording:
    signal = _signal(group)
    assert signal is not None  # or the group would not have been chosen
    require_pixels(path, signal.shape, largest_pixels)
    require_bytes(path, signal.size * signal.dtype.itemsize)
    kind = text(group["stxm_scan_type"][()]) if "stxm_scan_type" in group else ""
    if kind not in ("", *IMAGE_SCANS):
        raise InputError(
            f"{path}: a scan of type '{kind}' is no image of a sample; {' or '.join(IMAGE_SCANS)} "
            "is expected"
        )
    shape = signal.shape
    n = len(shape)
    y, x = _axis_of(group, signal, "sample_y", n - 2), _axis_of(group, signal, "sample_x", n - 1)
    others = [axis for axis in range(n) if axis not in (y, x)]
    if x == y or not (0 <= x < n and 0 <= y < n):
        raise InputError(f"{path}: {group.name}: its axes do not say which are sample_y, sample_x")
    pages = signal[()].transpose([*others, y, x]).reshape(-1, shape[y], shape[x])
    energies = None
    energy = group.get("energy", group.get("photon_energy"))  # the older name
    if energy is not None and energy.size == len(pages):
        scale = 1e3 if text(energy.attrs.get("units", "eV")).lower() == "kev" else 1.0
        energies = tuple(float(value) for value in np.ravel(energy[()]) * scale)
    named = _axes(group, signal)
    steps = []
    for name, axis in (("sample_y", y), ("sample_x", x)):
        if name in group:
            steps.append(_step(group[name], shape[axis], "um"))
        elif named:
            steps.append(_step(group.get(named[axis]), shape[axis]))
    size = (steps[0], steps[1]) if len(steps) == 2 and steps[0] and steps[1] else None
    return Recording(pages, size, energies)


def _step(positions: h5py.Dataset | None, length: int, usual: str = "") -> float | None:
    """The step in nm between so many positions along an axis; None where they are no lengths.

    usual: the unit where none is given. Encoders tremble, and come back late where lines are
    scanned both ways, so that neighbours tell little; it is taken over half of the axis. Those of
    a stopped scan may end in zeros.
    """
    if positions is None or getattr(positions, "size", None) != length:
        return None
    unit = nanometres(text(positions.attrs.get("units", usual)))
    if unit is None or positions.dtype.kind not in "uif":
        return None
    values = np.ravel(positions[()]).astype(float)
    if not values[-2:].any():
        values = np.trim_zeros(values, "b")
    half = max(1, len(values) // 4 * 2)  # an even number of steps, as many one way as the other
    steps = (values[half:] - values[:-half]) / half
    step = abs(float(np.median(steps))) * unit if len(steps) else 0.0
    return step if 0 < step < np.inf else None
