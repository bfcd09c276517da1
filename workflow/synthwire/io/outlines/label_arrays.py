"""Label images as files hold them: the numbers themselves, whatever a viewer would show.

Palettes, inverted look-up tables and colours mean nothing here but which pixels are the same.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from synthwire.errors import InputError
from synthwire.io.arrays_only import unpickle_arrays
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.hdf5_items import datasets, open_hdf5
from synthwire.io.recordings.tiff import open_tiff, require_codecs, upright

if TYPE_CHECKING:
    import h5py

PICTURES = ("PNG", "JPEG", "BMP", "GIF")
VOID_COLOUR = (224, 224, 192)  # Pascal VOC's, around its objects
MOST_COLOURS = 20_000  # a label image of more particles is none; a photograph has more
SUFFIXES = (
    ".tif", ".tiff", ".png", ".bmp", ".gif", ".jpg", ".jpeg", ".npy", ".h5", ".hdf5",
)  # fmt: skip


def read_labels(path: Path | MemoryFile) -> np.ndarray:
    """Label pages (pages, height, width) of a file, as whole numbers; what is no number is 0.

    A colour picture gives a number for each colour, 0 for black, or for the commonest colour where
    none is black. InputError in one line when the file is damaged, or is no label image.
    """
    reader: Callable[[Path | MemoryFile], np.ndarray] = {
        ".npy": _read_npy,
        ".h5": _read_hdf5,
        ".hdf5": _read_hdf5,
        ".tif": _read_tiff,
        ".tiff": _read_tiff,
    }.get(path.suffix.lower(), _read_picture)
    try:
        pixels = reader(path)
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: too large for this machine's memory") from None
    except Exception as error:  # the libraries raise dozens of types on damaged files
        require_codecs(path, error)
        raise InputError(f"{path}: not an image, or a damaged one ({error})") from None
    if not pixels.size:
        raise InputError(f"{path}: an empty label image")
    return _whole_numbers(path, pixels)


def _read_tiff(path: Path | MemoryFile) -> np.ndarray:
    with open_tiff(path) as tiff:
        series = [item for item in tiff.series if "Y" in item.axes and "X" in item.axes]
        if not series:
            raise InputError(f"{path}: the TIFF holds no image")
        largest = max(series, key=lambda item: item.size)
        pixels, axes = largest.asarray(), largest.axes
        turn = int(largest.keyframe.tags.valueof("Orientation", 1))
    if "S" in axes:
        pixels = np.moveaxis(pixels, axes.index("S"), -1)
        flat = pixels.reshape(-1, *pixels.shape[-3:])
        if len(flat) > 1:
            raise InputError(f"{path}: pages in colour are no label images")
        return upright(_of_colours(path, flat[0]), turn)
    order = [axis for axis in range(pixels.ndim) if axes[axis] not in "YX"]
    pixels = np.transpose(pixels, [*order, axes.index("Y"), axes.index("X")])
    return upright(pixels.reshape(-1, *pixels.shape[-2:]), turn)


def _read_picture(path: Path | MemoryFile) -> np.ndarray:
    try:
        with warnings.catch_warnings(), open_binary(path) as file:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=PICTURES) as picture:
                if getattr(picture, "n_frames", 1) > 1:
                    raise InputError(f"{path}: an animation is no label image")
                if picture.format == "JPEG":
                    return _of_jpeg(path, picture)
                # Pillow reads 8 bits of such colours, in which different labels may be equal
                if picture.mode in ("RGB", "RGBA", "LA") and ";16" in str(picture.tile[0][3]):
                    raise InputError(
                        f"{path}: a PNG of 16 bits a colour; save its labels in one channel, or as "
                        "TIFF"
                    )
                turned = ImageOps.exif_transpose(picture)
                pixels = np.array(turned.convert("RGBA") if turned.mode == "LA" else turned)
    except UnidentifiedImageError:
        raise InputError(f"{path}: not an image, or a damaged one") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, SyntaxError) as error:
        raise InputError(f"{path}: not an image, or too large a one ({error})") from None
    return _of_colours(path, pixels) if pixels.ndim == 3 else pixels[np.newaxis]


def _of_jpeg(path: Path | MemoryFile, picture: Image.Image) -> np.ndarray:
    """Black and white, if that is what it shows: JPEG changes all other numbers."""
    grey = np.array(ImageOps.exif_transpose(picture).convert("L"))
    if ((grey > 32) & (grey < 223)).mean() > 0.05 or not (grey >= 223).any():
        raise InputError(f"{path}: JPEG changes a label image's numbers; save it as PNG or TIFF")
    return (grey[np.newaxis] > 127).astype(np.uint8) * 255


def _of_colours(path: Path | MemoryFile, pixels: np.ndarray) -> np.ndarray:
    """Labels (1, height, width) of a colour picture (height, width, 3 or 4)."""
    if pixels.shape[-1] not in (3, 4) or not np.issubdtype(pixels.dtype, np.integer):
        raise InputError(f"{path}: {pixels.shape[-1]} channels; one of labels is expected")
    colours = pixels[..., :3].astype(np.int64)
    if pixels.shape[-1] == 4:  # what is transparent is ground
        colours[pixels[..., 3] == 0] = 0
    void = (colours == VOID_COLOUR).all(axis=-1)
    if not colours.any(axis=-1).all():  # black, which is ground
        colours[void] = 0
    if (colours == colours[..., :1]).all():
        return colours[np.newaxis, ..., 0]  # grey, saved in colour
    base = int(colours.max()) + 1
    codes = (colours[..., 0] * base + colours[..., 1]) * base + colours[..., 2]
    found, labels, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(found) > MOST_COLOURS:
        raise InputError(f"{path}: a colour picture of {len(found)} colours is no label image")
    ground = 0 if found[0] == 0 else int(counts.argmax())
    labels = labels.reshape(codes.shape)
    return np.where(labels == ground, 0, labels + 1)[np.newaxis]


def _read_npy(path: Path | MemoryFile) -> np.ndarray:
    with open_binary(path) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        dtype = read_header(file)[2] if read_header else None
        if dtype is None or not dtype.hasobject:
            file.seek(0)
            return _squeezed(path, np.load(file, allow_pickle=False))
        return _squeezed(path, _masks_of_cellpose(path, file))


def _masks_of_cellpose(path: Path | MemoryFile, file: BinaryIO) -> np.ndarray:
    """The array "masks" of a _seg.npy, which is a pickle; nothing in it is run."""
    try:
        content = unpickle_arrays(file)
        content = content.item() if isinstance(content, np.ndarray) else content
        return np.asarray(content["masks"])
    except Exception as error:
        raise InputError(
            f"{path}: no _seg.npy of Cellpose ({type(error).__name__}: {error}); save its masks "
            "as PNG or TIFF"
        ) from None


def _read_hdf5(path: Path | MemoryFile) -> np.ndarray:
    """The only data set that may be labels, or ilastik's; axes as ilastik names them."""
    with open_hdf5(path) as file:
        found = {
            name: item
            for name, item in datasets(file).items()
            if item.ndim >= 2 and item.dtype.kind in "uifb"
        }
        exported = [name for name in found if name.split("/")[-1] == "exported_data"]
        names = exported or list(found)
        if len(names) != 1:
            what = ", ".join(names[:5]) or "none"
            raise InputError(f"{path}: one data set of labels is expected; there are {what}")
        dataset = found[names[0]]
        pixels = np.asarray(dataset[()])
        axes = _axes_of_ilastik(dataset)
    if axes and len(axes) == pixels.ndim:
        kept = [place for place, axis in enumerate(axes) if axis not in "yx"]
        pixels = pixels.transpose([*kept, axes.index("y"), axes.index("x")])
        return pixels.reshape(-1, *pixels.shape[-2:])
    return _squeezed(path, pixels)


def _axes_of_ilastik(dataset: h5py.Dataset) -> str:
    """Letters of the axes, as yxc; empty where the file says none."""
    try:
        tags = json.loads(dataset.attrs["axistags"])
        axes = "".join(axis["key"] for axis in tags["axes"])
    except (KeyError, TypeError, ValueError):
        return ""
    return axes if "y" in axes and "x" in axes else ""


def _squeezed(path: Path | MemoryFile, pixels: np.ndarray) -> np.ndarray:
    """(pages, height, width) of an array, whose axes of length 1 mean nothing."""
    if pixels.dtype.kind not in "uifb":
        raise InputError(f"{path}: holds no numbers, but {pixels.dtype}")
    if pixels.ndim < 2:
        raise InputError(f"{path}: an array of {pixels.ndim} axes is no label image")
    sides = [side for side in pixels.shape if side > 1]
    if len(sides) == 3 and pixels.shape[-1] in (3, 4) and pixels.dtype == np.uint8:
        return _of_colours(path, pixels.reshape(sides))
    pixels = pixels.reshape(sides) if len(sides) >= 2 else pixels
    if pixels.ndim > 3:
        raise InputError(f"{path}: an array of shape {pixels.shape} is no label image")
    return pixels if pixels.ndim == 3 else pixels[np.newaxis]


def _whole_numbers(path: Path | MemoryFile, pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype.kind in "bu":
        return pixels.astype(np.int64)
    if pixels.dtype.kind not in "if":
        raise InputError(f"{path}: labels must be whole numbers, not {pixels.dtype}")
    numbers = np.where(np.isfinite(pixels), pixels, 0)  # NaN is a usual ground
    if ((numbers > 0) & (numbers < 1)).any() and 0 <= numbers.min() <= numbers.max() <= 1:
        raise InputError(f"{path}: labels must be whole numbers, not probabilities; export those")
    if abs(numbers).max() >= 2**62 or (numbers != np.floor(numbers)).any():
        raise InputError(f"{path}: labels must be whole numbers (0 is no particle)")
    return numbers.astype(np.int64)
