"""What the tests see of the one-node SLURM, and Snakemake's controller on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import yaml

PATIENCE_S = 1800


def wait_until(condition: Callable, what: str, patience_s: float = PATIENCE_S):
    """The condition's value as soon as it holds."""
    end = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {patience_s} s in vain for {what}"
        time.sleep(0.1)
    return value


class Job(NamedTuple):
    """One job as `scontrol show job` shows it."""

    id: str
    comment: str
    state: str
    restarts: int
    fields: dict[str, str]
    gpus: frozenset[int]  # those that it holds now


class Cluster:
    """What SLURM says of its jobs."""

    def jobs(self) -> list[Job]:
        """All jobs since the cluster started, in the order of their submission."""
        shown = slurm("scontrol", "--details", "--oneliner", "show", "job")
        return [self._parse(line) for line in shown.splitlines() if line.startswith("JobId=")]

    @staticmethod
    def _parse(line: str) -> Job:
        fields = dict(re.findall(r"(\S+?)=(\S*)", line))
        held = re.search(r"GRES=gpu(?::\w+)?:\d+\(IDX:([\d,-]+)\)", line)
        running = fields["JobState"] == "RUNNING"
        return Job(
            id=fields["JobId"],
            comment=fields.get("Comment", ""),
            state=fields["JobState"],
            restarts=int(fields["Restarts"]),
            fields=fields,
            gpus=frozenset(_indices(held[1])) if held and running else frozenset(),
        )

    def of_model(self, model: str, since: int = 0) -> list[Job]:
        """The jobs that trained one model, without the cluster's first `since` jobs."""
        comment = f"rule_train_model_wildcards_{model}"
        return [job for job in self.jobs()[since:] if job.comment == comment]


def _indices(text: str) -> list[int]:
    """Numbers of a list such as 0-1,3."""
    ends = [[int(end) for end in part.split("-")] for part in text.split(",")]
    return [number for end in ends for number in range(end[0], end[-1] + 1)]


def slurm(*command: str) -> str:
    """Standard output of one of SLURM's commands."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Watch(threading.Thread):
    """Looks at the cluster all the time and keeps what was seen of every job."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self._cluster = cluster
        self._over = threading.Event()
        self.seen: dict[str, list[Job]] = defaultdict(list)
        self.held_at_once: list[list[frozenset[int]]] = []

    def run(self) -> None:
        while not self._over.wait(0.5):
            jobs = self._cluster.jobs()
            for job in jobs:
                self.seen[job.id].append(job)
            self.held_at_once.append([job.gpus for job in jobs if job.gpus])

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self.join()

    def check_that_no_gpu_was_held_twice(self) -> None:
        for held in self.held_at_once:
            assert len(frozenset().union(*held)) == sum(map(len, held))

    def most_jobs_with_gpus(self) -> int:
        return max(map(len, self.held_at_once))


class Controller:
    """`snakemake --profile slurm`, as typed in the project's root, working in `folder`."""

    # The status is asked for at once and more often, and a network file system's slowness is not
    # waited for. One thread a training: the node only says that it has 64 processors.
    QUICKER = (
        *("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"),
        *("--set-threads", "train_model=1", "predict=1"),
    )

    def __init__(self, root: Path, folder: Path, name: str = "test") -> None:
        self._root = root
        self.folder = folder
        self.run = folder / "results" / name
        self._config = folder / f"{name}.yaml"
        self._name = name
        self._output = folder / f"{name}.out"
        self._process: subprocess.Popen | None = None

    def command(self, *arguments: str, config: dict) -> list[str]:
        self._config.write_text(yaml.safe_dump({"name": self._name, **config}))
        return [
            *(sys.executable, "-m", "snakemake", *arguments, "--profile", "slurm"),
            *("--directory", str(self.folder), *self.QUICKER),
            *("--configfile", str(self._root / "config" / "test.yaml"), str(self._config)),
        ]

    def start(self, *arguments: str, config: dict) -> None:
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                self.command(*arguments, config=config),
                cwd=self._root,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )

    def output(self) -> str:
        return self._output.read_text()

    def finish(self) -> int:
        """Wait for the end; the exit code."""
        try:
            return self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"not over after {PATIENCE_S} s:\n{self.output()}") from None

    def kill(self) -> None:
        """kill -9, as when a login node goes down."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End a run that is still going on."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def ended_well(self) -> None:
        assert self.finish() == 0, self.output()


def freeze_training(job: Job) -> None:
    """Stop the process that trains in a job where it is; SLURM wakes it up to end it."""

    def training() -> psutil.Process | None:
        for process in psutil.process_iter(["cmdline"]):
            if any(part.endswith(".train_model.py") for part in process.info["cmdline"] or []):
                try:
                    if process.environ().get("SLURM_JOB_ID") == job.id:
                        return process
                except psutil.Error:
                    continue
        return None

    wait_until(training, f"the training of job {job.id}").suspend()
