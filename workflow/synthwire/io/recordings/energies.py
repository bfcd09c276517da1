"""The photon energies of a TIFF's pages, for which TIFF has no field of its own.

They stand in a text beside the file with a row a page, in the labels of ImageJ's slices, in the
names of OME's channels, or in what each page says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path

import tifffile

from synthwire.io.files import MemoryFile, open_binary
from synthwire.io.units import NUMBER, decode, number

# Of wires.tif: wires_energies.txt, wires_energy.csv, or wires.txt that holds energies alone.
ENDINGS = ("_energies", "_energy", "")
SUFFIXES = (".txt", ".csv", ".dat")
LARGEST_BYTES = 2**20
LEAST_EV, MOST_EV = 20.0, 2e5  # no X-ray's photons have less, or more

_ENERGY = re.compile(rf"(?<![\w.,])({NUMBER})\s*(k?)eV\b", re.IGNORECASE)
_CHANNEL = re.compile(r'<Channel\b[^>]*?\bName="([^"]*)"')
_ROW = re.compile(r"[+.\d]")
_DECIMAL_COMMA = re.compile(r"\d+,\d{1,3}")


def page_energies(
    path: Path | MemoryFile, tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries, count: int
) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    """Photon energies in eV of each of `count` pages, None where nothing tells; and remarks."""
    if count < 2:
        return None, ()
    remarks = []
    for text in _texts_of(path):
        found = _of_text(text)
        if len(found) == count:
            return found, ()
        if _is_called_so(text, Path(path.name)):
            remarks.append(f"{text.name} has {len(found)} energies for {count} pages; not used")
    for said in _said(tiff, series):
        found = _named(said)
        if len(found) == count and len(set(found)) > 1:
            return found, tuple(remarks)
    return None, tuple(remarks)


def _named(texts: Iterable[str]) -> tuple[float, ...]:
    """The energy in eV that each text names; none where one names none, and no more is read."""
    found = []
    for text in texts:
        match = _ENERGY.search(text)
        if match is None:
            return ()
        found.append(_ev(match[1], match[2]))
    return tuple(found)


def texts_of(image: Path) -> list[Path]:
    """The texts beside an image that hold the energies of its pages, or are called so."""
    beside = (image.with_name(name) for name in _names(image))
    return [path for path in beside if path.is_file() and _may_hold(path, image)]


def texts_among(image: MemoryFile, files: Sequence[MemoryFile]) -> list[MemoryFile]:
    """Those of some files in memory that are such texts of an image."""
    names = _names(Path(image.name))
    return [file for file in files if file.name in names and _may_hold(file, Path(image.name))]


def _texts_of(path: Path | MemoryFile) -> Sequence[Path | MemoryFile]:
    return texts_among(path, path.beside) if isinstance(path, MemoryFile) else texts_of(path)


def _names(image: Path) -> list[str]:
    suffixes = [form for suffix in SUFFIXES for form in (suffix, suffix.upper())]
    return [image.stem + ending + suffix for ending, suffix in product(ENDINGS, suffixes)]


def _may_hold(text: Path | MemoryFile, image: Path) -> bool:
    return _is_called_so(text, image) or _is_scan(_of_text(text))


def _is_called_so(text: Path | MemoryFile, image: Path) -> bool:
    return Path(text.name).stem != image.stem


def _is_scan(energies: Sequence[float]) -> bool:
    """Whether numbers rise or fall from one to the next, as energies of photons do."""
    steps = [after - before for before, after in pairwise(energies)]
    one_way = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return bool(steps) and one_way and all(LEAST_EV <= energy <= MOST_EV for energy in energies)


def _of_text(text: Path | MemoryFile) -> tuple[float, ...]:
    """The first number of each row in eV, headings aside; none where a row begins otherwise."""
    with open_binary(text) as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        return ()
    lines = [line.strip() for line in decode(content).splitlines()]
    rows = [line for line in lines if _ROW.match(line)]
    parted = r"[;\s]+" if all(_DECIMAL_COMMA.fullmatch(row) for row in rows) else r"[,;\s]+"
    parted = r"[;\t]+" if any(";" in row or "\t" in row for row in rows) else parted
    kilo = "k" if any("kev" in line.lower() for line in lines) else ""
    try:
        return tuple(_ev(re.split(parted, row)[0].strip(), kilo) for row in rows)
    except ValueError:
        return ()


def _said(tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> Iterator[Iterable[str]]:
    """What a file says of its pages, each time one text a page."""
    if tiff.is_imagej:
        yield (tiff.imagej_metadata or {}).get("Labels") or ()
    if tiff.is_ome:
        yield _CHANNEL.findall(tiff.ome_metadata or "")
    yield (page.aspage().description for page in series.pages if page is not None)


def _ev(text: str, kilo: str) -> float:
    return number(text) * (1e3 if kilo else 1.0)
