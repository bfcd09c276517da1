"""The small workflow in a folder of its own: started, killed, compared."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import yaml

from synthwire.io.files import sha256
from synthwire.learning.weight_files import read_weights
from synthwire.runtime.records import FOLDER, recorded

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config" / "test.yaml"
# What tells when, how long and on what machine a result was made.
TIMES = {
    *(
        "time",
        "data_time",
        "eta_seconds",
        "started",
        "duration_s",
        "processor_s",
        "seconds",
        "git_commit",
    ),
    *("identity_sha256", "resumed_at_iteration", "platform", "versions"),
}


def smaller() -> dict:
    """config/test.yaml with one model, trained from nothing, and one set of images."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["models"] = {"select": ["01"]}
    config["training"]["initial_weights"] = "scratch"
    name, images = next(iter(config["image_sets"].items()))
    config["image_sets"] = {name: images}
    config["tables"] = dict.fromkeys(config["tables"], name)
    del config["figures"]
    return config


class SmallRun:
    """A small run of the workflow in `folder`.

    config: a configuration, in place of config/test.yaml; cores: that it may use.
    """

    def __init__(self, folder: Path, config: dict | None = None, cores: int = 2) -> None:
        self.folder, self.config, self.cores = folder, CONFIG, cores
        folder.mkdir(parents=True, exist_ok=True)
        self.results = folder / "results" / "test"
        if config is not None:
            self.config = folder / "mine.yaml"
            self.config.write_text(yaml.safe_dump(config), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-m", "snakemake", *arguments, "--cores", str(self.cores)),
            *("--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder)),
            *("--configfile", str(self.config)),
        ]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True)

    def jobs_done(self) -> int:
        """How many jobs have recorded what they made."""
        return len(list((self.results / FOLDER).rglob("*.sha256")))

    def killed(self, target: str, jobs: int, delay: float, *, all_of_it: bool) -> bool:
        """Start it, and kill it once so many jobs are done and `delay` seconds have passed.

        all_of_it: Snakemake with all its jobs; otherwise one job of those that run. False where it
        ended before.
        """
        process = subprocess.Popen(
            self.command(target),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and self.jobs_done() < jobs:
            time.sleep(0.05)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        while not all_of_it and process.poll() is None:
            running = scripts_below(process.pid)
            if running:
                random.Random(jobs).choice(running).kill()
                process.wait()  # it lets the other jobs end, and says that one failed
                return process.returncode != 0
            time.sleep(0.05)
        if process.poll() is not None:
            return False
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True

    def state(self) -> dict[str, object]:
        """All results that jobs have recorded, as far as they are the same in every run."""
        return {name: content_of(self.results / name) for name in recorded(self.results)}


def scripts_below(pid: int) -> list[psutil.Process]:
    """The jobs' own processes below Snakemake's."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if any(".snakemake/scripts" in part for part in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return sorted(found, key=lambda process: process.pid)


def content_of(path: Path) -> object:
    """Bytes of data as their sum, parameters as numbers, records without the times in them."""
    if path.suffix == ".pth":
        return {name: np.asarray(value) for name, value in read_weights(path)["model"].items()}
    if path.name == "metrics.json":
        return [without_times(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix == ".json":
        return without_times(json.loads(path.read_text()))
    return sha256(path)


def without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def differences(one: object, other: object, place: str = "") -> list[str]:
    """Where two states differ; numbers may by a thousandth."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            *(f"{place}/{key}: only in one" for key in one.keys() ^ other.keys()),
            *(
                found
                for key in one.keys() & other.keys()
                for found in differences(one[key], other[key], f"{place}/{key}")
            ),
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return [
            found for n, pair in enumerate(pairs) for found in differences(*pair, f"{place}/{n}")
        ]
    if isinstance(one, float | np.ndarray):
        same = np.allclose(one, np.asarray(other, float), rtol=1e-3, atol=1e-5, equal_nan=True)
    else:
        same = one == other
    return [] if same else [f"{place}: {one!s:.200} | {other!s:.200}"]
