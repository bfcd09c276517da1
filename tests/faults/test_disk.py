"""A disk that is full, a disk that is read-only: one line with the path, and all is well after."""

from __future__ import annotations

import os
import subprocess

import pytest
from small_run import SmallRun, differences, smaller
from tool_runs import complete, state, write_images

ROOM = "60m"


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own; `disk(options)` mounts it anew with others."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)

    small = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder]
    if subprocess.run(small).returncode != 0:
        pytest.skip("no disk may be mounted here, as in most containers")
    mount.folder = folder
    yield mount
    subprocess.run(["umount", folder], check=True)


def complaints(said: str) -> list[str]:
    assert "Traceback" not in said
    assert "Logging error" not in said
    return [line for line in said.splitlines() if line.startswith("synthwire: ")]


@pytest.mark.usefixtures("tiny_bundled")
def test_segmenting_on_a_full_or_read_only_disk(disk, tmp_path):
    images = write_images(tmp_path / "in", 2)
    whole, out = tmp_path / "whole", disk.folder / "out"
    assert complete("segment", images, whole)[0] == 0
    for options, said in (
        ("size=120k", "No space left on device"),
        ("ro", "Read-only file system"),
    ):
        disk(options)
        code, error = complete("segment", images, out)
        assert code == 1
        lines = complaints(error)
        assert any(said in line and str(disk.folder) in line for line in lines), error
        assert not list(disk.folder.rglob("*partial*"))
    disk(f"rw,size={ROOM}")
    assert complete("segment", images, out)[0] == 0
    assert state(out) == state(whole)


def test_the_workflow_on_a_full_or_read_only_disk(disk, tmp_path):
    run = SmallRun(tmp_path / "run", smaller())
    (run.folder / "results").symlink_to(disk.folder)
    full = "size=24k"
    for options, said in ((full, "No space left on device"), ("ro", "Read-only file system")):
        disk(options)
        done = run("structures")
        assert done.returncode == 1
        lines = complaints(done.stderr)
        assert any("results/test" in line and said in line for line in lines), done.stderr
    disk(f"rw,size={ROOM}")
    done = run("structures")
    assert done.returncode == 0, done.stderr[-4000:]
    whole = SmallRun(tmp_path / "whole", smaller())
    assert whole("structures").returncode == 0
    assert differences(run.state(), whole.state()) == []
