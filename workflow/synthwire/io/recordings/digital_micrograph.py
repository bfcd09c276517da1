"""DM3 and DM4: a tree of tags, one of which is the image (Gatan's DigitalMicrograph)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.binary import take, take_pixels
from synthwire.io.recordings.recording import Recording, require_pixels
from synthwire.io.units import nanometres

SUFFIXES = (".dm3", ".dm4")

# What the tag DataType says of an image. The packed complex numbers (5) of half a transform and
# one-bit images are no pictures of a sample.
_PIXELS = {
    1: "i2",
    2: "f4",
    3: "c8",
    6: "u1",
    7: "i4",
    9: "i1",
    10: "u2",
    11: "u4",
    12: "f8",
    13: "c16",
    14: "u1",
    39: "i8",
    40: "u8",
}
_COLOUR = (8, 23)  # four bytes a pixel: blue, green, red, and one that is not used

# The types of single values in the tree, as `struct` writes them.
_VALUES = {
    2: "h",
    3: "i",
    4: "H",
    5: "I",
    6: "f",
    7: "d",
    8: "B",
    9: "b",
    10: "b",
    11: "q",
    12: "Q",
}
_STRUCTURE, _STRING, _ARRAY = 15, 18, 20
_GROUP, _VALUE = 20, 21
_LARGEST_TEXT = 4096
_DEEPEST = 64


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    """By the version at the start, and the byte order behind the length of the file."""
    order = {b"\0\0\0\3": start[8:12], b"\0\0\0\4": start[12:16]}.get(start[:4])
    return order in (b"\0\0\0\0", b"\0\0\0\1")


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read the one image or stack of a file; its thumbnail is passed over.

    InputError when it is damaged, or holds no image of a sample or several.
    """
    try:
        with open_binary(path) as file:
            tags = _Tags(file)
            image = _main_image(path, tags.tree)
            sides = [int(side) for _, side in sorted(image["Dimensions"].items())]
            kind = int(image["DataType"])
            dtype = np.dtype("u1" if kind in _COLOUR else _PIXELS[kind]).newbyteorder(tags.order)
            shape = sides[::-1] if len(sides) == 3 else [1, *sides[::-1]]
            require_pixels(path, shape, largest_pixels)
            if kind in _COLOUR:
                shape = [*shape, 4]
            pages = take_pixels(path, file, image["Data"].offset, dtype, shape)
    except InputError:
        raise
    except (EOFError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        why = f"no tag {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path}: a truncated or damaged DigitalMicrograph file ({why})") from None
    if kind in _COLOUR:
        pages = pages[..., 2::-1]
    return Recording(pages, _pixel_size(image))


class _Block:
    """Where an array lies in the file."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class _Tags:
    """The tree of tags of an open file, as nested dicts; unnamed tags are numbered from "0" on.

    Arrays stay in the file, but for short ones, which are texts.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        file.seek(0)
        (version,) = take(file, ">i")
        self._long = "q" if version == 4 else "i"  # lengths and counts
        _, little = take(file, f">{self._long}i")
        self.order: Literal["<", ">"] = "<" if little else ">"
        self.tree = self._group(0)

    def _group(self, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise ValueError("tags lie too deep within one another")
        _, _, count = take(self._file, f">BB{self._long}")
        group: dict[str, Any] = {}
        for number in range(count):
            kind, length = take(self._file, ">BH")
            name = self._file.read(length).decode("latin-1") or str(number)
            if self._long == "q":
                take(self._file, ">q")  # the tag's length in bytes
            if kind == _GROUP:
                group[name] = self._group(depth + 1)
            elif kind == _VALUE:
                group[name] = self._value(name)
            else:
                raise ValueError(f"a tag of type {kind} at byte {self._file.tell()}")
        return group

    def _value(self, name: str) -> Any:
        mark, count = take(self._file, f">4s{self._long}")
        if mark != b"%%%%" or not 0 < count < _LARGEST_TEXT:
            raise ValueError(f"no value at byte {self._file.tell()}")
        kind, *more = take(self._file, f">{count}{self._long}")
        if kind in _VALUES:
            return take(self._file, self.order + _VALUES[kind])[0]
        if kind == _STRUCTURE:
            return take(self._file, self.order + self._fields(more))
        if kind == _STRING:
            return self._text(more[0])
        if kind == _ARRAY:
            return self._array(more, is_text=name != "Data")
        raise ValueError(f"a value of type {kind} at byte {self._file.tell()}")

    def _fields(self, description: list[int]) -> str:
        """The layout of a structure: [0, fields, then length of the name and type of each]."""
        return "".join(_VALUES[kind] for kind in description[3 : 2 * description[1] + 3 : 2])

    def _array(self, description: list[int], *, is_text: bool) -> _Block | str:
        *item, count = description
        times = 1
        while item[0] == _ARRAY:  # arrays of arrays
            times *= item.pop()
            item = item[1:]
        layout = self._fields(item[1:]) if item[0] == _STRUCTURE else _VALUES[item[0]]
        here = self._file.tell()
        size = np.dtype(_packed(layout)).itemsize * count * times
        if not 0 <= size <= self.size - here:
            raise EOFError("the file ends within an array")
        if is_text and layout == "H" and times == 1 and count <= _LARGEST_TEXT:
            return self._text(size)
        self._file.seek(here + size)
        return _Block(here)

    def _text(self, size: int) -> str:
        order = "utf-16-le" if self.order == "<" else "utf-16-be"
        return self._file.read(size).decode(order, "replace")  # a few numbers look like a text, too


def _packed(layout: str) -> list[tuple[str, str]]:
    return [(f"f{number}", kind) for number, kind in enumerate(layout)]


def _main_image(path: Path | MemoryFile, tree: dict[str, Any]) -> dict[str, Any]:
    """The data of the only image of a sample."""
    thumbnails = {str(item["ImageIndex"]) for item in tree.get("Thumbnails", {}).values() if item}
    images = {
        name: item["ImageData"] for name, item in tree["ImageList"].items() if "ImageData" in item
    }
    if len(images) > 1:
        images = {name: item for name, item in images.items() if name not in thumbnails} or images
    if any(item["DataType"] not in _COLOUR for item in images.values()):
        images = {name: item for name, item in images.items() if item["DataType"] not in _COLOUR}
    found = [item for item in images.values() if _shows_a_sample(item)]
    if not found:
        shapes = ", ".join(
            " × ".join(str(side) for side in item["Dimensions"].values())
            for item in images.values()
        )
        raise InputError(
            f"{path}: no image of a sample in this DigitalMicrograph file, but data of {shapes}: "
            "a spectrum, a spectrum image or diffraction patterns; export the image"
        )
    if len(found) > 1:
        raise InputError(f"{path}: {len(found)} images in one file; save each in a file of its own")
    return found[0]


def _shows_a_sample(image: dict[str, Any]) -> bool:
    kind = image["DataType"]
    if kind not in (*_PIXELS, *_COLOUR) or len(image["Dimensions"]) not in (2, 3):
        return False
    units = [str(item.get("Units", "")).strip() for item in _dimensions(image)]
    return not any("ev" in unit.lower() for unit in units) and (
        min(image["Dimensions"]["0"], image["Dimensions"]["1"]) > 1
    )


def _dimensions(image: dict[str, Any]) -> list[dict[str, Any]]:
    found = image.get("Calibrations", {}).get("Dimension", {})
    return [item for _, item in sorted(found.items())]


def _pixel_size(image: dict[str, Any]) -> tuple[float, float] | None:
    """(y, x) in nm, where the calibration has units of length; that of a transform has none."""
    sides = []
    for item in reversed(_dimensions(image)[:2]):
        unit = nanometres(item.get("Units", ""))
        scale = item.get("Scale")
        if unit is None or not isinstance(scale, float) or not 0 < abs(scale) < np.inf:
            return None
        sides.append(abs(scale) * unit)
    return (sides[0], sides[1]) if len(sides) == 2 else None
