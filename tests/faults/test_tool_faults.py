"""`synthwire segment` and `watch` under faults: killed, stopped, their results damaged.

SYNTHWIRE_KILLS says how often a batch is killed (3), and how often each is stopped.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from damage import DAMAGES, spread
from tool_runs import complete, entries, killed_at, start, state, write_images

from synthwire import cli
from synthwire.segmentation.result_files import FILES

pytestmark = pytest.mark.usefixtures("tiny_bundled")
KILLS = int(os.environ.get("SYNTHWIRE_KILLS", "3"))


@pytest.fixture(scope="module")
def images(tiny_bundled, tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images") / "in")


@pytest.fixture(scope="module", params=["segment", "watch"])
def undisturbed(request, images, tmp_path_factory):
    """A command, and the results of it when nothing happens."""
    out = tmp_path_factory.mktemp(request.param) / "out"
    assert_complete(request.param, images, out)
    return request.param, out


def assert_complete(command, images, out) -> None:
    code, said = complete(command, images, out)
    assert code == 0, said
    assert "Traceback" not in said
    assert not list(out.rglob("*partial*"))


def test_after_kills_the_same_command_ends_with_the_same_results(undisturbed, images, tmp_path):
    command, whole = undisturbed
    draw = random.Random(command)
    for count in spread(entries(whole) - 4, KILLS, draw):
        assert killed_at(count, draw.uniform(0, 0.02), command, images, tmp_path), count
    assert_complete(command, images, tmp_path)
    assert state(tmp_path) == state(whole)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are chosen on Linux alone")
def test_one_core_beside_other_work_gives_the_same_results(undisturbed, images, tmp_path):
    command, whole = undisturbed
    cores = os.sched_getaffinity(0)
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    os.sched_setaffinity(0, {min(cores)})  # what this process starts inherits it
    try:
        os.sched_setaffinity(other.pid, {min(cores)})
        assert_complete(command, images, tmp_path)
    finally:
        os.sched_setaffinity(0, cores)
        other.kill()
        other.wait()
    assert state(tmp_path) == state(whole)


def test_a_signal_at_any_moment_is_an_end_without_a_traceback(undisturbed, images, tmp_path):
    command, whole = undisturbed
    draw = random.Random(command)
    for number in range(KILLS):
        process = start(command, images, tmp_path)
        while process.poll() is None and not (tmp_path / ".synthwire.lock").exists():
            time.sleep(0.01)  # Python itself is ready by then
        time.sleep(draw.uniform(0, 5))
        ask = (signal.SIGINT, signal.SIGTERM)[number % 2]
        process.send_signal(ask)
        said = process.communicate()[1]
        assert process.returncode in (0, 128 + ask), said
        assert "Traceback" not in said
        assert said.endswith("synthwire: stopped\n") or process.returncode == 0
        assert not list(tmp_path.rglob("*partial*"))
    assert_complete(command, images, tmp_path)
    assert state(tmp_path) == state(whole)


def test_damaged_results_are_made_anew_as_they_were(images, tmp_path):
    """Each file of a result, damaged in each way."""

    def segment() -> None:
        arguments = ["--device", "cpu", "--threshold", "0.13", "--pixel-size", "6nm"]
        assert cli.main(["segment", str(images), "--out", str(tmp_path), *arguments]) == 0

    segment()
    whole = state(tmp_path)
    names = (*FILES, "SHA256SUMS")
    cases = itertools.product(names, DAMAGES.values())
    folders = itertools.cycle(path for path in sorted(tmp_path.iterdir()) if path.is_dir())
    while batch := list(itertools.islice(cases, 5)):
        for (name, damage), folder in zip(batch, folders, strict=False):
            path = folder / name
            path.write_bytes(damage(path.read_bytes()))
        assert state(tmp_path) != whole
        segment()
        assert state(tmp_path) == whole
