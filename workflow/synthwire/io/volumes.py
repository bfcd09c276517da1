"""Labelled volumes (Z, Y, X) as TIFF: ours, and anyone's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from synthwire.errors import InputError
from synthwire.io.calibration import json_description, tiff_voxel_size
from synthwire.io.files import atomic_path


def write_volume(
    path: str | os.PathLike, labels: np.ndarray, voxel_size_nm: float, **metadata: Any
) -> None:
    """Write a labelled volume (Z, Y, X) as zstd-compressed TIFF, one page a layer.

    ImageDescription holds JSON: axes, voxel_size_nm and `metadata`.
    """
    description = json.dumps({"axes": "ZYX", "voxel_size_nm": voxel_size_nm, **metadata})
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            labels,
            photometric="minisblack",
            compression="zstd",
            compressionargs={"level": 1},
            description=description,
            metadata=None,
            maxworkers=1,
        )


def read_volume(path: str | os.PathLike) -> tuple[np.ndarray, dict]:
    """Read a labelled volume, ours or anyone's: any TIFF stack of whole numbers, 0 = empty.

    Returns
    -------
    labels: (Z, Y, X), unsigned integer, of the smallest type that holds them.
    metadata: at least voxel_size_nm, None when the file does not say.

    Raises
    ------
    InputError when the file is missing or broken, is no volume, or does not hold labels.
    """
    path = Path(path)
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            volume = series.asarray()
            axes = series.axes
            metadata = {**json_description(file), "voxel_size_nm": tiff_voxel_size(file)}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except Exception as error:  # tifffile and its codecs raise many kinds for broken files
        raise InputError(f"{path}: not a readable TIFF volume ({error})") from None
    volume = _as_zyx(volume, axes, path)
    return _as_labels(volume, path), metadata


def _as_zyx(volume: np.ndarray, axes: str, path: Path) -> np.ndarray:
    if volume.ndim > 3:
        keep = [i for i, size in enumerate(volume.shape) if size > 1]
        volume = volume.reshape([volume.shape[i] for i in keep])
        axes = "".join(axes[i] for i in keep)
    if volume.ndim != 3 or axes.endswith("S"):
        raise InputError(
            f"{path}: a labelled volume has three dimensions (Z, Y, X), this has {volume.ndim} "
            f"({axes}, {' × '.join(map(str, volume.shape))})"
        )
    return volume


def _as_labels(volume: np.ndarray, path: Path) -> np.ndarray:
    if volume.dtype == bool:
        return volume.astype(np.uint8)
    if volume.size == 0:
        raise InputError(f"{path}: the volume is empty")
    least, greatest = volume.min(), volume.max()
    if volume.dtype.kind == "f" and not np.array_equal(volume, np.round(volume)):
        raise InputError(f"{path}: has fractional values; labels are whole numbers, 0 = empty")
    if volume.dtype.kind not in "iuf" or least < 0 or greatest > np.iinfo(np.uint32).max:
        raise InputError(f"{path}: has values from {least} to {greatest}; labels start at 0")
    return volume.astype(np.min_scalar_type(int(greatest)), copy=False)


def scene_number(path: Path) -> int:
    """Scene number in a file name scene_{n}.tif."""
    digits = path.stem.removeprefix("scene_")
    if not digits.isdigit():
        raise InputError(f"{path}: a volume is named scene_<number>.tif")
    return int(digits)
