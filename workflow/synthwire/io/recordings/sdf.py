"""SDF scans: a header (.hdr) with its images (.xim) beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.recordings.foreign import name_of
from synthwire.io.recordings.recording import Recording, require_pixels
from synthwire.io.units import nanometres

SUFFIXES = (".hdr",)

_MARK = b"ScanDefinition"
_TOKENS = re.compile(r'"([^"]*)"|([{}()=;,])|([^\s{}()=;,"]+)')


def recognises(path: Path | MemoryFile, start: bytes) -> bool:
    """By the name, since the header is plain text, and so are its images."""
    return path.suffix.lower() in (".hdr", ".xim")


def is_header(path: Path | MemoryFile) -> bool:
    """Whether a .hdr file is that of a scan; other instruments write text files of that name."""
    try:
        with open_binary(path) as file:
            return _MARK in file.read(4096)
    except OSError:
        return True  # reading it says what is wrong


def images_among(header: MemoryFile, files: Sequence[MemoryFile]) -> list[MemoryFile]:
    """Those of some files in memory that are a header's images, of any detector."""
    if header.suffix.lower() not in SUFFIXES or not is_header(header):
        return []
    name = re.compile(re.escape(Path(header.name).stem) + r"_[a-z]\d*\.xim")
    return [file for file in files if name.fullmatch(file.name)]


def read(path: Path | MemoryFile, largest_pixels: int | None) -> Recording:
    """Read an SDF scan: the header `name.hdr` and its images `name_a.xim` or `name_a000.xim`, ….

    The first detector (channel a) of a scan with one region is read, as far as it came: images that
    are missing or not whole at its end are left out; of one alone, lines that are missing are NaN.
    InputError in one line for a header that cannot be parsed, a scan that is no image, several
    regions, or any other .xim file that is missing or not of the header's size.
    """
    if path.suffix.lower() == ".xim":
        raise InputError(f"{path}: name the scan's .hdr file instead; it says what the numbers are")
    if not is_header(path):
        what = name_of(path) or "an unknown file"
        raise InputError(f"{path}: not the header of an SDF scan, but {what}")
    try:
        with open_binary(path) as file:
            header = _parse_header(file.read().decode("utf-8-sig", errors="replace"))
        scan = header["ScanDefinition"]
        regions = scan["Regions"]
        region = regions[0]
        kind = str(scan.get("Type", "Image Scan"))
        if "image" not in kind.lower():  # a point scan has one axis only
            raise InputError(f"{path}: a '{kind}' is no image; an image scan or stack is expected")
        y = np.array(region["QAxis"]["Points"], dtype=float)
        x = np.array(region["PAxis"]["Points"], dtype=float)
    except InputError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, StopIteration) as error:
        raise InputError(
            f"{path}: not an SDF header, or a truncated one ({type(error).__name__}: {error})"
        ) from None
    if len(regions) > 1:
        raise InputError(f"{path}: {len(regions)} regions; save the one meant alone")
    stack = scan.get("StackAxis", {})
    points = stack.get("Points", []) if isinstance(stack, dict) else []
    count = max(1, len(points))
    require_pixels(path, (count, len(y), len(x)), largest_pixels)
    stem = Path(path.name).stem
    names = [f"{stem}_a{page:03d}.xim" for page in range(count)]
    if count == 1 and _beside(path, names[0]) is None:
        names = [f"{stem}_a.xim"]
    while len(names) > 1 and _beside(path, names[-1]) is None:
        names.pop()
    read_pages = [_read_xim(path, name) for name in names]
    lines = len(read_pages[-1])
    if lines < len(y) and len(names) > 1:
        names.pop()
        read_pages.pop()
    elif lines < len(y):  # all there is
        read_pages = [np.pad(read_pages[0], ((0, len(y) - lines), (0, 0)), constant_values=np.nan)]
    for name, page in zip(names, read_pages, strict=True):
        if page.shape != (len(y), len(x)):
            raise InputError(
                f"{path.parent / name if isinstance(path, Path) else name}: {page.shape[0]} × "
                f"{page.shape[1]} values, but the header says {len(y)} × {len(x)}"
            )
    remarks: tuple[str, ...] = ()
    if len(names) < count:
        remarks = (f"the scan was stopped: {len(names)} of {count} pages are whole and read",)
    elif lines < len(y):
        remarks = (f"the scan was stopped: {lines} of {len(y)} lines are there",)
    pages = np.stack(read_pages)
    # Stacks are also taken over fields or angles, under the name Energy but without its unit.
    energies = None
    scale = {"ev": 1.0, "kev": 1e3}.get(str(stack.get("Unit", "")).lower()) if points else None
    if scale is not None:
        energies = tuple(scale * float(value) for value in points[: len(pages)])
    return Recording(pages, _step(region, y, x), energies, remarks)


def _step(region: dict, y: np.ndarray, x: np.ndarray) -> tuple[float, float] | None:
    steps = []
    for axis, points in (("QAxis", y), ("PAxis", x)):
        unit = nanometres(region[axis].get("Unit", "um"))
        if unit is None or len(points) < 2:
            return None
        steps.append(float(np.median(np.abs(np.diff(points))) * unit))
    return (steps[0], steps[1]) if min(steps) > 0 else None


def _beside(header: Path | MemoryFile, name: str) -> Path | MemoryFile | None:
    if isinstance(header, MemoryFile):
        return next((file for file in header.beside if file.name == name), None)
    path = header.with_name(name)
    return path if path.exists() else None


def _read_xim(header: Path | MemoryFile, name: str) -> np.ndarray:
    """The numbers of an image (height, width) of a header."""
    path = _beside(header, name)
    if path is None:
        raise InputError(f"{header}: no {name} beside it, though the header lists this image")
    try:
        with open_binary(path) as file:
            return np.loadtxt(file, dtype=float, ndmin=2)
    except (ValueError, UnicodeDecodeError) as error:
        why = str(error).partition(";")[0].rstrip()
        raise InputError(f"{path}: truncated or damaged ({why})") from None


def _parse_header(text: str) -> dict:
    """The header's assignments, `name = value;`, with groups in braces and lists in parentheses.

    A list begins with its length, which is checked and left out.
    """
    tokens: Iterator[re.Match] = _TOKENS.finditer(text)
    return _parse_group(tokens, closing=None)


def _parse_group(tokens: Iterator[re.Match], closing: str | None) -> dict:
    group: dict = {}
    name: str | None = None
    for token in tokens:
        if token.group(2) == closing and closing:
            return group
        if token.group(2) == "=" and name is not None:
            value, last = _parse_value(tokens)
            group[name] = value
            name = None
            if last == closing and closing:
                return group
        elif token.group(3):
            name = token.group(3)
    if closing:
        raise ValueError("a brace is not closed")
    return group


def _parse_value(tokens: Iterator[re.Match]) -> tuple[Any, str]:
    """(value, the punctuation after it)."""
    parts: list = []
    for token in tokens:
        text, mark, word = token.groups()
        if mark == "{":
            parts.append(_parse_group(tokens, "}"))
        elif mark == "(":
            parts.append(_parse_list(tokens))
        elif mark:  # ; ends a value, } the group that holds it, , an item of a list
            value = parts[0] if len(parts) == 1 else " ".join(map(str, parts))
            return value, mark
        else:
            parts.append(text if text is not None else _number(word))
    raise ValueError("the file ends within a value")


def _parse_list(tokens: Iterator[re.Match]) -> list:
    items, mark = [], ","
    while mark != ")":
        item, mark = _parse_value(tokens)
        if item != "":
            items.append(item)
    if not items:
        return []
    if int(items[0]) != len(items) - 1:
        raise ValueError(f"a list of {items[0]} has {len(items) - 1} items")
    return items[1:]


def _number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word
