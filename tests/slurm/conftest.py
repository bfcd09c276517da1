"""A one-node SLURM for the tests of this folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from slurm_cluster import Cluster, Controller, slurm, wait_until

SCRIPT = Path(__file__).with_name("cluster.sh")
UNAVAILABLE = 77


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    started = subprocess.run([SCRIPT, "up", folder], capture_output=True, text=True)
    if started.returncode == UNAVAILABLE:
        pytest.skip(started.stderr.strip())
    assert started.returncode == 0, started.stderr
    yield Cluster()
    subprocess.run([SCRIPT, "down", folder], check=True)


@pytest.fixture
def controller(root, cluster, tmp_path):
    """Starts controllers in one folder; neither they nor their jobs outlive the test."""
    started = []

    def make(name: str = "test") -> Controller:
        started.append(Controller(root, tmp_path, name))
        return started[-1]

    yield make
    for one in started:
        one.stop()
    slurm("scancel", "--user", "root")
    wait_until(lambda: not slurm("squeue", "--noheader").strip(), "an empty queue")
