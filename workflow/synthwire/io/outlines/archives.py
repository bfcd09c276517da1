"""Archives (.zip) of outlines: what is in them, and what computers put there by themselves."""

from __future__ import annotations

import contextlib
import struct
import zipfile
import zlib
from pathlib import Path

from synthwire.io.files import MemoryFile, open_binary

LARGEST_ROI_ARCHIVE = 256 * 2**20  # bytes; what unpacks to more is no set of outlines

# What zipfile may run into in a damaged archive, one with a password, or one packed in a rare way.
DAMAGED_ARCHIVE = (
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def is_archive_of_files(path: Path | MemoryFile) -> bool:
    """Whether a .zip holds files of outlines, and no ROIs."""
    if path.suffix.lower() != ".zip":
        return False
    try:
        with open_binary(path) as file, zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if not is_of_the_system(name)]
    except DAMAGED_ARCHIVE:
        return False  # damaged: whoever reads it says so
    return bool(names) and not any(name.lower().endswith(".roi") for name in names)


def name_of(entry: zipfile.ZipInfo) -> str:
    """An entry's name with slashes; in UTF-8 also where the archive does not say so, as macOS's."""
    name = entry.filename
    if not entry.flag_bits & 0x800:  # else it was UTF-8, and has been read as that
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def is_of_the_system(name: str) -> bool:
    """Whether an entry of an archive is a folder, or what macOS or Windows put there."""
    parts = name.replace("\\", "/").split("/")
    return (
        not parts[-1]
        or "__MACOSX" in parts
        or any(part.startswith(".") for part in parts if part not in (".", ".."))
        or parts[-1].lower() in ("thumbs.db", "desktop.ini")
    )
