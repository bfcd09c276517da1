"""What a result was made from: versions, commit, hashes, times."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import synthwire

PACKAGES = ("torch", "torchvision", "detectron2", "numpy", "scipy", "pycocotools", "pandas")


def versions() -> dict[str, str | None]:
    """Versions of Python, of this library and of the packages that shape a result."""
    found: dict[str, str | None] = {
        "python": platform.python_version(),
        "synthwire": synthwire.__version__,
    }
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def git_commit() -> str | None:
    """Commit of the source tree, marked `+changes` when tracked files differ from it.

    None where the library does not lie in a git work tree.
    """
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None
    return f"{commit}+changes" if changed else commit


class Stopwatch:
    """Time since its creation: the wall's, and this process's and its ended children's."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._start = time.perf_counter()
        self._processor = _processor_seconds()

    def seconds(self) -> float:
        return round(time.perf_counter() - self._start, 2)

    def processor_seconds(self) -> float:
        return round(_processor_seconds() - self._processor, 2)


def _processor_seconds() -> float:
    return sum(os.times()[:4])


def record(stopwatch: Stopwatch, **details: Any) -> Mapping[str, Any]:
    """Provenance of one result: `details`, then versions, commit, machine and times."""
    return {
        **details,
        "versions": versions(),
        "git_commit": git_commit(),
        "platform": platform.platform(),
        "started": stopwatch.started.isoformat(timespec="seconds"),
        "duration_s": stopwatch.seconds(),
        "processor_s": stopwatch.processor_seconds(),
    }
