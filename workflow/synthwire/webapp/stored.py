"""Results that were saved, opened again: from a folder on this machine, or from a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from synthwire.errors import InputError
from synthwire.io.files import LARGEST_JSON, MemoryFile
from synthwire.io.outlines.archives import DAMAGED_ARCHIVE
from synthwire.segmentation.correction import Correction
from synthwire.segmentation.opened import open_files, read_files
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.result_files import IMAGE, PROPOSALS
from synthwire.webapp.inputs import digest


@dataclass(frozen=True)
class Stored:
    """A result without what was done by hand, and that; folder: where it lies on this machine."""

    title: str
    digest: str
    found: Segmentation
    correction: Correction
    folder: Path | None = None


def is_result_zip(file: MemoryFile) -> bool:
    return file.name.lower().endswith(".zip")


def read_folder(folder: Path) -> list[Stored]:
    """The results in a folder, or in the folders below it, in the order of their names.

    InputError when there are none, or one of them is damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; the folder of a result is expected")
    found = sorted(path.parent for path in folder.rglob(PROPOSALS))
    if not found:
        raise InputError(f"{folder}: no result of synthwire segment or of the app ({PROPOSALS})")
    return [
        _read(place.relative_to(folder.parent).as_posix(), read_files(place), place)
        for place in found
    ]


def read_zip(file: MemoryFile, largest_bytes: int) -> list[Stored]:
    """The results in a zip that the app made; InputError when there are none, or too large ones.

    An image may have a quarter as many pixels, all of them together as many.
    """
    found: list[Stored] = []
    pixels = 0
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            for folder, files in _results_in(archive, file.name, largest_bytes):
                title = f"{file.name}/{folder}".rstrip("/.")
                found.append(_read(title, files, None, largest_bytes // 4))
                pixels += found[-1].found.image.size
                if pixels > largest_bytes:
                    raise InputError(f"{file.name}: its images unpack to too much")
    except InputError:
        raise
    except DAMAGED_ARCHIVE as error:
        raise InputError(f"{file.name}: truncated or damaged ({error})") from None
    if not found:
        raise InputError(f"{file.name}: holds no result of the app ({PROPOSALS} and {IMAGE})")
    return found


def _results_in(
    archive: zipfile.ZipFile, title: str, largest_bytes: int
) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    names = {item.filename: item for item in archive.infolist()}
    for name in sorted(names):
        place = PurePosixPath(name)
        if place.name != PROPOSALS or f"{place.parent}/{IMAGE}".removeprefix("./") not in names:
            continue
        pair = {
            key: names[f"{place.parent}/{key}".removeprefix("./")] for key in (PROPOSALS, IMAGE)
        }
        sizes = [item.file_size for item in pair.values()]
        if sum(sizes) > largest_bytes or sizes[0] > LARGEST_JSON:
            raise InputError(f"{title}: {name} unpacks to too much")
        yield str(place.parent), {key: archive.read(item) for key, item in pair.items()}


def _read(
    title: str, files: Mapping[str, bytes], folder: Path | None, largest_pixels: int | None = None
) -> Stored:
    found, correction = open_files(title, files, largest_pixels)
    return Stored(title, f"{title} {digest(files[IMAGE])}", found, correction, folder)
