"""Running the real workflow in a folder of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Workflow:
    """Snakemake on this project's Snakefile, in a working directory of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.snakefile = root / "Snakefile"

    def command(self, *arguments: str, configs: tuple[str, ...] = ("test.yaml",), cores: int = 2):
        """`snakemake ARGUMENTS`; configs are names in config/ or paths."""
        files = [str(self.root / "config" / name) for name in configs]
        return [
            *(sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores)),
            *("--snakefile", str(self.snakefile)),
            *("--directory", str(self.folder)),
            *(["--configfile", *files] if files else []),
        ]

    def __call__(
        self,
        *arguments: str,
        configs: tuple[str, ...] = ("test.yaml",),
        cores: int = 2,
        **environment,
    ) -> subprocess.CompletedProcess:
        """Run `command`, with further variables in its environment."""
        return subprocess.run(
            self.command(*arguments, configs=configs, cores=cores),
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )

    def planned(self, *arguments: str, **options) -> Counter:
        """Jobs that Snakemake would run, by rule."""
        done = self(*arguments, "--dry-run", **options)
        assert done.returncode == 0, done.stderr
        lines = iter((done.stdout + done.stderr).splitlines())
        for line in lines:
            if line.startswith("Job stats:"):
                break
        else:
            return Counter()
        next(lines), next(lines)
        jobs: Counter = Counter()
        for line in lines:
            if not line.strip() or line.startswith("total"):
                break
            rule, count = line.split()
            jobs[rule] = int(count)
        return jobs

    def jobs(self, *arguments: str, **options) -> list[dict]:
        """The plan's jobs as Snakemake logs them: rule, message, wildcards, output, resources."""
        path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        done = self(*arguments, "--dry-run", "--logger", "events", PYTHONPATH=path, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def workflow(root, tmp_path):
    return Workflow(root, tmp_path)


@pytest.fixture(scope="session")
def finished(root, tmp_path_factory):
    """A whole run of config/test.yaml, from nothing to the report."""
    workflow = Workflow(root, tmp_path_factory.mktemp("finished"))
    done = workflow("all")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return workflow
