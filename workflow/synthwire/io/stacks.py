"""Grey 8-bit images of one shape as one TIFF: the image.tif of an image set."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.files import atomic_path
from synthwire.io.recordings import read_recording
from synthwire.io.written_tiff import tiff_bytes


def write_stack(
    path: str | os.PathLike,
    pages: np.ndarray | Sequence[np.ndarray],
    *,
    pixel_size_nm: float | Sequence[float] | None = None,
) -> None:
    """Write grey 8-bit pages of one shape as one TIFF, atomically: (H, W), or (pages, H, W).

    The same pages always give the same bytes.
    """
    shapes = {np.shape(page) for page in pages}
    if len(shapes) != 1:
        raise InputError(
            f"{path}: the images of one set must have one shape, these have {sorted(shapes)}"
        )
    stack = np.asarray(pages)
    if stack.ndim != 3 or stack.dtype != np.uint8:
        raise ValueError(
            f"pages of uint8 (height, width) are expected, not {stack.dtype}, {shapes}"
        )
    content = tiff_bytes(
        stack if len(stack) > 1 else stack[0],
        {"axes": "QYX" if len(stack) > 1 else "YX"},
        as_pixel_size(pixel_size_nm),
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_stack(path: str | os.PathLike) -> np.ndarray:
    """Grey 8-bit pages (pages, height, width) of an image.tif written by write_stack."""
    pages = read_recording(path).pages
    if pages.ndim != 3 or pages.dtype != np.uint8:
        raise InputError(f"{path}: grey 8-bit pages are expected, not {pages.dtype}, {pages.shape}")
    return pages
