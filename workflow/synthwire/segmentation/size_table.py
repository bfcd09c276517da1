"""Pixel sizes of many images from a table: a row an image."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthwire.errors import InputError
from synthwire.io.outlines.pairing import Fault, listed, pair
from synthwire.io.units import decode, length_nm, nanometres
from synthwire.segmentation.options import parse_pixel_size

FILE = "file"
SIZE = "pixel_size"
COLUMNS = f"the columns {FILE} and {SIZE}, with a unit in each row, or {SIZE}_nm, are expected"
DELIMITERS = (",", ";", "\t")
FILES = ("file", "filename", "file name", "image", "image name", "image file")
_SIZES = re.compile(r"(?:pixel|px) ?size(?: (?:in )?(\w+))?(?: (?:per )?(?:px|pixel))?")


@dataclass(frozen=True)
class SizeTable:
    """The pixel sizes that a table gives.

    path: of the table. sizes: (down, across) in nm by the name of the image as it stands there;
    None where the row leaves it open. doubt: why its numbers may be others, in one line, or None.
    """

    path: Path
    sizes: dict[str, tuple[float, float] | None]
    doubt: str | None = None

    def match(self, images: Iterable[Path]) -> dict[Path, tuple[float, float]]:
        """The pixel size of each image that has a row; names match as those of outlines do.

        InputError where a row fits several images, or an image several rows.
        """
        found = {}
        for image, row in self._rows(images).items():
            if isinstance(row, Fault):
                raise InputError(f"{self.path}: {row}; write the folders, too")
            size = None if row is None else self.sizes[row]
            if size is not None:
                found[image] = size
        return found

    def get(self, image: Path) -> tuple[float, float] | None:
        """The pixel size of one image, of which others are not known yet."""
        return self.match([image]).get(image)

    def remarks(self, images: Iterable[Path]) -> list[str]:
        """Lines on rows that fit none of the images, on images without a row, and a doubt."""
        rows = self._rows(images)
        idle = set(self.sizes) - {row for row in rows.values() if isinstance(row, str)}
        lines = [self.doubt] if self.doubt else []
        if idle:
            lines.append(f"{self.path}: no image for {listed(sorted(idle))}")
        return lines + self._missing(rows)

    def missing(self, images: Iterable[Path]) -> list[str]:
        """A line on the images without a row, if there are any."""
        return self._missing(self._rows(images))

    def _missing(self, rows: Mapping[Path, str | Fault | None]) -> list[str]:
        without = [str(image) for image, row in rows.items() if row is None]
        return [f"{self.path}: no row for {listed(without)}"] if without else []

    def _rows(self, images: Iterable[Path]) -> dict[Path, str | Fault | None]:
        """The name in the row of each image; files that are named twice are there once."""
        by_name = {str(Path(image).resolve()): image for image in images}
        partners = pair(list(by_name), list(self.sizes))
        return dict(zip(by_name.values(), partners, strict=True))


def read_sizes(path: str | os.PathLike) -> SizeTable:
    """Read a table: CSV with commas, semicolons or tabs, and a row of names first.

    Columns are file, and pixel_size (6nm, 6.6x7.8nm) or pixel_size_nm (6), or _um and so on, also
    as Filename and Pixel size (nm); others are passed over. A row without a size leaves the image
    to its own. InputError in one line that names the row.
    """
    path = Path(path)
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    told = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # to spreadsheets
    if told:
        text = "\n" + text[told.end() :]
    if "\0" in text:
        raise InputError(f"{path}: no text; save the table as CSV; {COLUMNS}")
    first = next((line for line in text.splitlines() if line.strip(" #,;\t")), "")
    delimiter = told[1] if told else max(DELIMITERS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        table = [(rows.line_num, [cell.strip() for cell in row]) for row in rows if any(row)]
    except csv.Error as error:
        raise InputError(f"{path}: no table ({error}); {COLUMNS}") from None
    while table and table[0][1][0].startswith("#"):  # a comment above the names
        del table[0]
    header = [name.casefold() for name in table[0][1]] if table else []
    names, column, unit = _columns(path, header)
    sizes: dict[str, tuple[float, float] | None] = {}
    decimals = delimiter == "," and all(_may_be_cut(row, column) for _, row in table[1:])
    for line, row in table[1:]:
        where = f"{path}: line {line}"
        while len(row) > len(header) and not row[-1] and not decimals:
            del row[-1]
        if len(row) != len(header):
            more = ", or a decimal comma without quotes" if delimiter == "," else ""
            raise InputError(f"{where}: {len(row)} cells for {len(header)} columns{more}")
        name, cell = row[names], row[column]
        if not name:
            raise InputError(f"{where}: no name of a file")
        size = _size(f"{where}, {name}", cell, unit)
        if sizes.get(name, size) != size:
            raise InputError(f"{where}: another size for {name} than in a line above")
        sizes[name] = size
    if not sizes:
        raise InputError(f"{path}: no rows; {COLUMNS}")
    doubt = None
    if decimals:
        whole, rest = table[1][1][column : column + 2]
        doubt = (
            f"{path}: {header[column]} is {whole} in line {table[1][0]}, and {rest} stands in the "
            f'next column; if {whole},{rest} is meant, write "{whole},{rest}"'
        )
    return SizeTable(path, sizes, doubt)


def _may_be_cut(row: list[str], column: int) -> bool:
    """Whether a decimal comma without quotes may have cut a row's size into two cells."""
    cells = row[column : column + 2]
    return len(cells) == 2 and all(re.fullmatch(r"\d{1,3}", cell) for cell in cells)


def _columns(path: Path, header: list[str]) -> tuple[int, int, str | None]:
    """Which columns hold names and sizes, and the sizes' unit where their column's name says it."""
    plain = [re.sub(r"[\W_]+", " ", name).strip() for name in header]
    names = [number for number, name in enumerate(plain) if name in FILES]
    found = [
        (number, match[1]) for number, name in enumerate(plain) if (match := _SIZES.fullmatch(name))
    ]
    if len(names) != 1 or len(found) != 1:
        given = ", ".join(name for name in header if name) or "an empty file"
        raise InputError(f"{path}: {COLUMNS}, not {given}")
    number, unit = found[0]
    if unit is not None and nanometres(unit) is None:
        raise InputError(f"{path}: {header[number]}: '{unit}' is no unit of length; {COLUMNS}")
    return names[0], number, unit


def _size(where: str, cell: str, unit: str | None) -> tuple[float, float] | None:
    if not cell:
        return None
    try:
        if unit is None or re.search("[xX×]", cell):
            return parse_pixel_size(cell if unit is None or cell[-1].isalpha() else cell + unit)
        side = length_nm(cell, unit, typed=True)
    except (InputError, ValueError) as error:
        raise InputError(f"{where}: {error}") from None
    if not 0 < side < math.inf:
        raise InputError(f"{where}: a pixel size of {cell} is not above zero")
    return side, side
