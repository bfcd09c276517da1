"""From an upload to an image that a network can see: names, digests, pixel sizes."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.calibration.doubts import odd_field
from synthwire.io.files import MemoryFile
from synthwire.io.recordings.formats import MEMORY_SUFFIXES, companions_among
from synthwire.segmentation.images import GreyImage, read_images
from synthwire.segmentation.options import Preparation, parse_crop, parse_pixel_size

IMAGE_TYPES = [suffix[1:] for suffix in MEMORY_SUFFIXES]
BESIDE_TYPES = ["txt", "xim"]  # with images, a microscope's texts and a scan's pages
MASK_TYPES = ["png", "tif", "tiff", "bmp", "npy"]
OUTLINE_TYPES = [
    "json", "geojson", "zip", "xml", "csv", "txt", "roi", "tif", "tiff", "png", "bmp", "gif", "npy",
    "h5", "hdf5",
]  # fmt: skip

WORD_JOINER = "\u2060"


def digest(content: bytes) -> str:
    """What tells two files apart, whatever their names."""
    return hashlib.sha256(content).hexdigest()[:16]


def with_companions(uploads: Sequence[tuple[MemoryFile, str]]) -> list[tuple[MemoryFile, str]]:
    """Uploads with their digests, where each image has the files beside it that go with it.

    Those are none of the list, but of their image's digest.
    """
    files = [file for file, _ in uploads]
    digests = {id(file): known for file, known in uploads}
    beside = {id(file): companions_among(file, files) for file in files}
    taken = {id(other) for others in beside.values() for other in others}
    found = []
    for file, known in uploads:
        others = beside[id(file)]
        if others:
            known = digest("".join([known, *(digests[id(other)] for other in others)]).encode())
        if id(file) not in taken:
            found.append((replace(file, beside=tuple(others)), known))
    return found


PIXEL_RANGE_NM = (1e-4, 1e7)  # an atom is larger than the first; a pixel of the second, 1 cm


@dataclass(frozen=True)
class Inspection:
    """What a file holds: the pixel size (down, across) in nm that it gives, or why it is no use.

    pages: how many images; empty: the numbers of those that show nothing, from 0. complex: whether
    it holds complex numbers.
    """

    pages: int = 0
    pixel_size_nm: tuple[float, float] | None = None
    error: str | None = None
    empty: tuple[int, ...] = ()
    complex: bool = False


def inspect(file: MemoryFile, preparation: Preparation, largest_pixels: int) -> Inspection:
    """Try to read a file."""
    try:
        images = read_images(file, preparation, largest_pixels=largest_pixels)
    except InputError as error:
        return Inspection(error=str(error))
    count, shown = images[0].pages, {image.page or 0 for image in images}
    empty = tuple(number for number in range(count) if number not in shown)
    return Inspection(count, images[0].pixel_size_nm, empty=empty, complex=images[0].complex)


def read_page(
    file: MemoryFile, page: int, preparation: Preparation, largest_pixels: int
) -> GreyImage:
    """One image of a file, with the pixel size that the file gives; page: one that is not empty."""
    images = read_images(file, preparation, largest_pixels=largest_pixels)
    return next(image for image in images if (image.page or 0) == page)


def pixel_size_text(size_nm: Sequence[float] | None) -> str:
    """What stands in the field of the pixel size: 6 nm, 6.6 × 7.8 nm, or nothing.

    >>> pixel_size_text((6.6, 7.8))
    '6.6 × 7.8 nm'
    """
    if size_nm is None:
        return ""
    down, across = (f"{side:.6g}" for side in size_nm)
    return f"{down} nm" if down == across else f"{down} × {across} nm"


def parse_size_field(text: str) -> tuple[float, float] | None:
    """Pixel size (down, across) in nm; None for an empty field; a bare number is in nm.

    >>> parse_size_field("6"), parse_size_field("0.5 µm"), parse_size_field(" ")
    ((6.0, 6.0), (500.0, 500.0), None)
    """
    text = text.strip()
    if not text:
        return None
    if text[-1] in "0123456789.,":
        text += " nm"
    size = parse_pixel_size(text)
    least, most = PIXEL_RANGE_NM
    if not all(least <= side <= most for side in size):
        raise InputError(
            f"pixel size '{text}': between {least:g} nm and {most:g} nm is expected; no microscope "
            "has pixels of that size"
        )
    return size


def parse_crop_field(text: str) -> dict[str, Any] | None:
    """Which part of an image is picture, as `Preparation` has it; None for an empty field.

    >>> parse_crop_field("bottom=59"), parse_crop_field(" ")
    ({'bottom': 59}, None)
    """
    return parse_crop(text) if text.strip() else None


def guess_modality(pixels: np.ndarray) -> str:
    """The key of `MODALITIES` that an image (uint8, as "od" reads it) looks like.

    Particles cover less than the ground does, so most pixels are the ground's: dark or bright. What
    is smoothed before is noise, which reaches as far to either side.
    """
    smooth = ndimage.gaussian_filter(pixels.astype(np.float32), 2)
    low, middle, high = np.percentile(smooth, [0.5, 50, 99.5])
    return "tem" if middle - low > 2 * (high - middle) else "od"


def remarks_of(image: GreyImage, size_nm: tuple[float, float] | None) -> list[str]:
    """What a user should know of an image when its pixels are taken for that size (down, across).

    What its file says of the size matters only as long as that is the one taken.
    """
    if pixel_size_text(size_nm) == pixel_size_text(image.pixel_size_nm):
        return list(image.remarks)
    doubt = size_doubt(image, size_nm)
    others = [remark for remark in image.remarks if remark not in image.size_remarks]
    return [*others, *([doubt] if doubt else [])]


def size_doubt(image: GreyImage, size_nm: tuple[float, float] | None) -> str | None:
    """Why a pixel size (down, across), the image's own or a user's, may be wrong."""
    if pixel_size_text(size_nm) == pixel_size_text(image.pixel_size_nm):
        return image.pixel_size_doubt
    return None if size_nm is None else odd_field(size_nm, image.pixels.shape)


def safe_stem(name: str) -> str:
    """The stem of a file's name, fit for an archive that is unpacked anywhere.

    >>> safe_stem("../../etc/wires (1).tif")
    'wires_1'
    """
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return re.sub(r"[^\w.-]+", "_", stem).strip("._") or "image"


def distinct_stems(names: Sequence[str]) -> list[str]:
    """`safe_stem` of each name, numbered where two are the same.

    >>> distinct_stems(["a.png", "b.png", "a.tif"])
    ['a', 'b', 'a_2']
    """
    found: list[str] = []
    for name in names:
        stem = safe_stem(name)
        candidates = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(2)))
        found.append(next(item for item in candidates if item not in found))
    return found


def plain(text: str) -> str:
    """Text that Markdown shows as it is: names of files may hold anything.

    What no backslash stops, as links, icons and emoji, is broken by a character without a width.

    >>> print(plain("1. a_1 [b](c).png"))
    1\\. a\\_1 \\[b\\](c).png
    """
    text = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    text = re.sub(r"([\\`*_\[\]<>#$~|&])", r"\\\1", text)
    text = re.sub(r"(?m)^(\d*)([-+=.)])", r"\1\\\2", text)
    return re.sub(r"(?i)(?<=:)(?=\S)|(?<=@)|(?<=www)(?=\.)", WORD_JOINER, text)
