"""What the readers of all HDF5 layouts share: datasets, their texts and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synthwire.io.files import Source
from synthwire.io.recordings.recording import SMALLEST_SIDE, require_bytes, require_pixels

if TYPE_CHECKING:
    import h5py


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


def datasets(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """All datasets at or below a group, by their paths there; each is named once."""
    found: dict[str, h5py.Dataset] = {}

    def visit(name: str, item: h5py.HLObject) -> None:
        if hasattr(item, "dtype"):
            found[name] = item

    group.visititems(visit)
    return found


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
