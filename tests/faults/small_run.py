"""The small workflow in a folder of its own, started, killed, compared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from synthwire.io.checksums import sums_of
from synthwire.learning.weight_files import read_weights

ROOT = Path(__file__).resolve().parents[2]
DATA = ("structures", "images", "dataset", "microscopy")  # the same bytes whatever happens


class SmallRun:
    """config/test.yaml, or another configuration, in `folder`."""

    def __init__(self, folder: Path, config: Path = ROOT / "config" / "test.yaml") -> None:
        self.folder, self.config = folder, config
        folder.mkdir(parents=True, exist_ok=True)
        self.results = folder / "results" / "test"

    def command(self, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-m", "snakemake", *arguments, "--cores", "2"),
            *("--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder)),
            *("--configfile", str(self.config)),
        ]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True)

    def killed_after(self, seconds: float, *arguments: str) -> bool:
        """Start it, and kill it with all its jobs after so long; False where it ended before."""
        process = subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True

    def data(self) -> dict[str, str]:
        """Sums of all files that hold data."""
        sums = sums_of(
            {name: self.results / name for name in DATA if (self.results / name).exists()}
        )
        return {path: digits for path, digits in sums.items() if ".snakemake" not in path}

    def weights(self) -> dict[str, np.ndarray]:
        """All parameters of all trained models."""
        return {
            f"{path.parent.name} {name}": np.asarray(value)
            for path in sorted(self.results.glob("models/*/model_final.pth"))
            for name, value in read_weights(path)["model"].items()
        }
