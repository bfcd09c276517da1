"""What other work on the machine costs a user: python benchmarks/beside_others.py

Segments one image (512 × 512, the bundled model, `synthwire segment` as it is typed) alone and
beside four processes that keep computing, by turns. A fair share of C cores beside B busy processes
makes it (B + 1) / C times as slow as alone; printed is how many times the fair share it took. A
machine that is already busy when this starts says so in its load, and the numbers mean little.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from tiny_model import wires  # noqa: E402

BUSY = "while True: pass"
SIDE = 512


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that compute without end."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def segment(image: Path) -> tuple[float, float]:
    """Seconds that pass, and seconds of processor time, until the command has ended."""
    with tempfile.TemporaryDirectory() as out:
        command = (sys.executable, "-m", "synthwire", "segment", image, "--out", out)
        before, start = os.times(), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        passed, after = time.perf_counter() - start, os.times()
    own = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return passed, own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--others", type=int, default=4)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    alone, beside = [], []
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "wires.png"
        tile = np.concatenate([wires(seed) for seed in range(8)])[:SIDE]
        Image.fromarray(np.tile(tile, (1, 6))[:, :SIDE]).save(image)
        segment(image)  # files that are read for the first time
        for _ in range(options.runs):
            alone.append(segment(image))
            with busy(options.others):
                beside.append(segment(image))
    fair = max(1.0, (options.others + 1) / cores)
    for name, times in (("alone", alone), (f"beside {options.others}", beside)):
        passed, own = (statistics.median(values) for values in zip(*times, strict=True))
        print(
            f"{name:10} {passed:6.1f} s, {own:6.1f} s of processor time (medians of {len(times)})"
        )
    ratios = [slow / (fair * quick) for (quick, _), (slow, _) in zip(alone, beside, strict=True)]
    print(
        f"times the fair share ({fair:g} × alone): {statistics.median(ratios):.2f}, "
        f"{min(ratios):.2f} to {max(ratios):.2f}; {cores} cores, load {load:.1f} before"
    )


if __name__ == "__main__":
    main()
