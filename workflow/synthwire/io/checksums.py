"""SHA-256 sums of files, kept beside them in the form that `sha256sum --check` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from synthwire.io.files import sha256, write_text

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def sums_text(sums: Mapping[str, str]) -> str:
    """{path: hexadecimal digits} as lines, sorted by path."""
    return "".join(f"{digits}  {path}\n" for path, digits in sorted(sums.items()))


def write_sums(file: Path, sums: Mapping[str, str]) -> None:
    """Write `sums_text` atomically."""
    write_text(file, sums_text(sums))


def read_sums(file: Path) -> dict[str, str]:
    """What `write_sums` wrote; empty where the file is missing or anything else stands in it."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = [_LINE.fullmatch(line) for line in lines]
    return {match[2]: match[1] for match in found if match} if all(found) else {}


def sums_of(paths: Mapping[str, Path]) -> dict[str, str]:
    """The sums of files by what they are to be called; of a folder those of all files in it."""
    return {
        name if below == "." else f"{name}/{below}": sha256(file)
        for name, path in paths.items()
        for below, file in _files(path)
    }


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield ".", path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.relative_to(path).as_posix(), file


def is_as_written(file: Path, digits: str) -> bool:
    """Whether a file is there and has this sum."""
    try:
        return sha256(file) == digits
    except OSError:
        return False
