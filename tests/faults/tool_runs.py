"""`synthwire segment` and `watch` on a few images, as processes that are killed and compared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from PIL import Image
from tiny_model import wires

from synthwire.io.files import sha256
from synthwire.runtime.locking import LOCK
from synthwire.segmentation.watch import CONTROL_CHART, STATISTICS

IMAGES = 5
SELECTION = ("--device", "cpu", "--threshold", "0.13", "--pixel-size", "6nm")
AT_ONCE = ("--settle", "0", "--interval", "0.05")


def write_images(folder: Path, count: int = IMAGES) -> Path:
    """Images of wires, one older than the next, so that a watch takes them in this order."""
    folder.mkdir(parents=True)
    for number in range(count):
        path = folder / f"{number:02d}.png"
        Image.fromarray(wires(number)).save(path)
        os.utime(path, (number, number))
    return folder


def start(command: str, images: Path, out: Path) -> subprocess.Popen:
    more = AT_ONCE if command == "watch" else ()
    arguments = (command, str(images), "--out", str(out), *SELECTION, *more)
    return subprocess.Popen(
        [sys.executable, "-m", "synthwire", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def complete(command: str, images: Path, out: Path) -> tuple[int, str]:
    """Exit code and complaints of a run that is left alone; a watch is ended when it is through."""
    process = start(command, images, out)
    count = len(list(images.iterdir()))
    while command == "watch" and process.poll() is None:
        if len(rows(out)) == count and chart_is_of(out, count):
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.05)
    complaints = process.communicate()[1]
    return process.returncode, complaints


def rows(out: Path) -> list[str]:
    """The lines of the watch's table, without its head."""
    try:
        return (out / STATISTICS).read_text().splitlines()[1:]
    except FileNotFoundError:
        return []


def chart_is_of(out: Path, count: int) -> bool:
    """Whether the chart shows so many images; its facts are written last, but may be of before."""
    path = out / f"{CONTROL_CHART}.csv"
    return path.exists() and len(path.read_text().splitlines()) > count


def entries(out: Path) -> int:
    """How many files and folders lie in the results at this moment."""
    return sum(len(folders) + len(files) for _, folders, files in os.walk(out))


def killed_at(count: int, delay: float, command: str, images: Path, out: Path) -> bool:
    """Start it, and kill it `delay` seconds after so many entries lie in the results."""
    process = start(command, images, out)
    while process.poll() is None and entries(out) < count:
        time.sleep(0.001)
    time.sleep(delay)
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def state(out: Path) -> dict[str, str]:
    """All results, as far as they are the same in every run."""
    return {
        path.relative_to(out).as_posix(): content(path)
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != LOCK
    }


def content(path: Path) -> str:
    if path.name in (STATISTICS, f"{CONTROL_CHART}.csv"):
        return pd.read_csv(path).drop(columns="time").to_csv(float_format="%.6g")
    return sha256(path)
