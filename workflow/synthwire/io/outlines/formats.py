"""Outlines of any format: the table of formats, and the right one for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.outlines import (
    cellpose,
    coco,
    cvat,
    fiji,
    geojson,
    label_studio,
    labelme,
    labels,
    napari,
    supervisely,
    via,
    yolo,
)
from synthwire.io.outlines.collector import BAD_OUTLINE, Collector
from synthwire.io.outlines.unknown import what_is

# The first that recognises a file reads it. A new format is a file with recognises(collector) and
# read(collector), and its name here; names(collector) where a file names its images.
FORMATS: tuple[ModuleType, ...] = (
    fiji, labelme, coco, label_studio, supervisely, geojson, via, napari, cvat, cellpose, yolo,
    labels,
)  # fmt: skip


def format_of(collector: Collector) -> ModuleType | None:
    """The format of a file, or None when it is none of the table's."""
    return next((item for item in FORMATS if item.recognises(collector)), None)


def read_into(collector: Collector) -> None:
    """Take in a file's outlines; InputError says what the file is when no reader knows it."""
    try:
        reader = format_of(collector)
        if reader is None:
            raise collector.error(what_is(collector))
        reader.read(collector)
    except InputError:
        raise
    except BAD_OUTLINE as error:
        raise collector.error(f"damaged, or not as its format should be ({error})") from None


def names_in(path: Path | MemoryFile, beside: Mapping[str, MemoryFile] | None = None) -> list[str]:
    """The images that a file of outlines names; none where it is of one image, or of no format.

    InputError when the file is damaged.
    """
    collector = Collector(path, [], (0, 0), (), beside)
    try:
        return _names(collector)
    except InputError:
        raise
    except BAD_OUTLINE as error:
        raise collector.error(f"damaged, or not as its format should be ({error})") from None


def _names(collector: Collector) -> list[str]:
    reader = format_of(collector)
    names: Sequence[str] = reader.names(collector) if hasattr(reader, "names") else ()  # type: ignore[union-attr]
    return [name for name in names if name]


def is_outlines(path: Path | MemoryFile) -> bool:
    """Whether some reader knows a file; a damaged one counts, so that somebody hears of it."""
    try:
        return format_of(Collector(path, [], (0, 0), ())) is not None
    except BAD_OUTLINE:
        return True
