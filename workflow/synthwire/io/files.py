"""Files: read from disk or from memory, written so that a reader never sees half of one."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from synthwire.errors import InputError


@dataclass(frozen=True)
class MemoryFile:
    """A file that is only in memory, such as an upload; readers take it in place of a path.

    Its name is shown in messages and its suffix tells a format; neither ever reaches the disk.
    beside: the files that came with it, as the text with a micrograph's pixel size, or the images
    of a scan's header.
    """

    name: str
    content: bytes
    beside: tuple[MemoryFile, ...] = ()

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix

    def __str__(self) -> str:
        return self.name


Source = str | os.PathLike | MemoryFile


def as_source(source: Source) -> Path | MemoryFile:
    """What a reader works on: a path, or a file in memory as it is."""
    return source if isinstance(source, MemoryFile) else Path(source)


def open_binary(source: Path | MemoryFile) -> BinaryIO:
    """The bytes of a file, wherever it lies, for reading from the start."""
    return io.BytesIO(source.content) if isinstance(source, MemoryFile) else source.open("rb")


# What is said by a disk, by its rights or its owner, and is no bug.
OF_THE_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EIO, errno.ESTALE, errno.ENAMETOOLONG),
}
FULL = 65_536  # bytes; with less than this a failed write needs no other cause


def disk_fault(error: BaseException) -> InputError | None:
    """An error of the disk, full, read-only, broken, in one line with the path; None for others."""
    if isinstance(error, OSError) and error.errno in OF_THE_DISK:
        return InputError(f"{error.filename or 'disk'}: {os.strerror(error.errno)}")
    return None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let an error of the disk within the block name the file that was written.

    A full disk names none, and of some writers it is an error without a number, or none of the
    system's at all.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            error.filename = error.filename or str(path)
        elif shutil.disk_usage(path.parent).free < FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` when the block succeeds.

    The temporary name keeps the suffix of `path`, since many writers choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        with writing(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_left(folder: Path) -> None:
    """Remove half-written files of `atomic_path` that a killed process left right in a folder.

    For whoever is alone in it.
    """
    for left in folder.glob(".*.partial*"):
        if left.is_file():
            left.unlink()


def remove_left_of(path: str | os.PathLike) -> None:
    """Remove what a killed process left of a file or folder that it was writing at `path`.

    For whoever alone writes there.
    """
    path = Path(path)
    name, stem, suffix = (re.escape(part) for part in (path.name, path.stem, path.suffix))
    file = re.compile(rf"\.{stem}\.\d+\.partial{suffix}")
    folder = re.compile(rf"\.{name}\.[^.]+\.partial")
    for left in path.parent.glob(".*.partial*"):
        if left.is_dir() and folder.fullmatch(left.name):
            shutil.rmtree(left, ignore_errors=True)
        elif left.is_file() and file.fullmatch(left.name):
            left.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary folder beside `path`; rename it to `path` when the block succeeds.

    A folder that stands at `path` already is replaced.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        with writing(path):
            yield temporary
            temporary.chmod(0o777 & ~_umask())  # mkdtemp makes it private; results are not
            if path.exists():
                shutil.rmtree(path)
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write a file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: str | os.PathLike, value: Any, *, indent: int | None = None) -> None:
    """Write JSON atomically; the same value always gives the same bytes. NaN becomes null."""
    text = json.dumps(
        json_ready(value),
        indent=indent,
        separators=(",", ":") if indent is None else None,
        ensure_ascii=False,
        allow_nan=False,
    )
    write_text(path, text + "\n")


def json_ready(value: Any) -> Any:
    """Convert numpy values, paths and NaN to what JSON can hold, recursively."""
    if isinstance(value, dict):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return json_ready(value.tolist())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


LARGEST_JSON = 64 * 2**20  # bytes of an upload, or unpacked; read, it takes up to 25 times as much


def read_json(path: Source) -> Any:
    """Read JSON: UTF-8, with or without its mark, UTF-16, UTF-32 or Windows' Latin-1.

    InputError when the file is missing or is no JSON, or is not on disk and too large.
    """
    try:
        with open_binary(as_source(path)) as file:
            content = file.read()
        if isinstance(path, MemoryFile) and len(content) > LARGEST_JSON:
            raise InputError(f"{path}: more than {LARGEST_JSON >> 20} MiB of JSON")
        try:
            return json.loads(content)  # bytes: json finds the encoding
        except UnicodeDecodeError:
            return json.loads(content.decode("cp1252"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from None


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON: the same for the same content in any key order."""
    text = json.dumps(json_ready(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
