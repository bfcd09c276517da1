"""What all readers of HDF5 share: opening a file, its groups and datasets, texts and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synthwire.errors import InputError, not_installed
from synthwire.io.files import MemoryFile, Source, open_binary
from synthwire.io.recordings.recording import SMALLEST_SIDE, require_bytes, require_pixels

if TYPE_CHECKING:
    import h5py


@contextmanager
def open_hdf5(path: Path | MemoryFile) -> Iterator[h5py.File]:
    """An HDF5 file to read; InputError where it draws on files of other folders, in memory on any.

    What h5py raises on damaged files, OSError or RuntimeError, goes through.
    """
    try:
        import h5py  # here, since it takes as long to load as all the rest
    except ModuleNotFoundError:
        raise not_installed(f"{path}: h5py, which reads HDF5,", "formats") from None

    with h5py.File(open_binary(path) if isinstance(path, MemoryFile) else path, "r") as file:
        if isinstance(path, MemoryFile):
            _require_self_contained(path, file, None)
        else:
            _require_self_contained(path, file, path.resolve().parent)
        yield file


def _require_self_contained(path: Path | MemoryFile, file: h5py.File, folder: Path | None) -> None:
    """InputError when links, virtual datasets or raw storage lead to other files on this machine.

    folder: where such files may lie, as beamlines write them beside the one that names them.
    """
    import h5py

    def is_outside(name: str) -> bool:
        if folder is None:
            return True
        return not (folder / name).resolve().is_relative_to(folder)

    def outside(name: str, link: object) -> str | None:
        linked = isinstance(link, h5py.ExternalLink) and is_outside(link.filename)
        return name if linked else None

    def stored_outside(name: str, item: h5py.HLObject) -> str | None:
        if not isinstance(item, h5py.Dataset):
            return None
        files = [place[0] for place in item.external or ()]
        if item.is_virtual:
            files += [source.file_name for source in item.virtual_sources()]
        return name if any(map(is_outside, files)) else None

    name = file.visititems_links(outside) or file.visititems(stored_outside)
    if name is not None:
        where = "another file" if folder is None else f"a file outside {folder}"
        raise InputError(f"{path}: '{name}' lies in {where}; save a file that holds it itself")


def text(value: Any) -> str:
    """An attribute or a small dataset as text, however it was written."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number(item: Any) -> float:
    """The first number of a dataset or an attribute; ValueError where there is none."""
    try:
        return float(np.ravel(np.asarray(item[()] if hasattr(item, "shape") else item))[0])
    except (IndexError, TypeError) as error:
        raise ValueError(str(error)) from None


def groups(group: h5py.Group) -> dict[str, h5py.Group]:
    """All groups below a group, by their paths there; each is named once."""
    return _items(group, "keys")


def datasets(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """All datasets at or below a group, by their paths there; each is named once."""
    return _items(group, "dtype")


def _items(group: h5py.Group, attribute: str) -> dict[str, Any]:
    found: dict[str, h5py.HLObject] = {}

    def visit(name: str, item: h5py.HLObject) -> None:
        if hasattr(item, attribute):
            found[name] = item

    group.visititems(visit)
    return found


def the_only(
    path: Source, chosen: Collection[str], what: str, among: Iterable[str] | None = None
) -> str:
    """The one name that was chosen; InputError where there are several or none.

    what: for the message, as `image in this EMD file`; among: what is listed there, where it is
    not the chosen names.
    """
    if len(chosen) != 1:
        names = ", ".join(chosen if among is None else among) or "none"
        raise InputError(f"{path}: not exactly one {what}, but {names}; save the one that is meant")
    return next(iter(chosen))


def is_wide(shape: tuple[int, ...]) -> bool:
    """Whether a shape has two sides of an image, and is not a table of positions."""
    return sum(side >= SMALLEST_SIDE for side in shape) >= 2


def is_complex(dtype: np.dtype) -> bool:
    """Whether numbers are complex, or pairs that other languages write for complex ones."""
    names = [name.lower() for name in dtype.names or ()]
    return dtype.kind == "c" or (
        len(names) == 2 and names[0].startswith("r") and names[1].startswith("i")
    )


def take_dataset(path: Source, dataset: h5py.Dataset, largest_pixels: int | None) -> np.ndarray:
    """A dataset as pages (…, height, width), of which there is at least one.

    InputError where it is larger than `largest_pixels` or than memory holds; path: for the message.
    """
    require_pixels(path, dataset.shape, largest_pixels)
    require_bytes(path, dataset.size * dataset.dtype.itemsize)
    pixels = dataset[()]
    if pixels.dtype.names and is_complex(pixels.dtype):
        real, imaginary = pixels.dtype.names
        pixels = pixels[real] + 1j * pixels[imaginary]
    return pixels.reshape(-1, *pixels.shape[-2:])
