"""Rules run the library of their own checkout, installed or not, in whatever environment."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from snakemake.common import get_snakemake_searchpaths

PROGRAM = """
import sys
sys.path.extend({paths!r})  # as Snakemake begins every script
from synthwire.structures.settings import presets
import synthwire
print(synthwire.__file__, *presets())
"""


@pytest.fixture
def another(tmp_path) -> Path:
    """A folder with another SynthWire, such as an older one that is installed."""
    package = tmp_path / "site" / "synthwire"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('the installed one')\n")
    return package.parent


def test_a_plain_job_takes_the_checkouts_library_before_an_installed_one(workflow, another):
    done = workflow("results/test/structures/000", PYTHONPATH=str(another))
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture
def searchpaths(root, monkeypatch) -> list[str]:
    """What Snakemake hands to scripts, where the Snakefile has put the library on its path."""
    monkeypatch.syspath_prepend(str(root / "workflow"))
    return get_snakemake_searchpaths()


def test_a_bare_environment_finds_the_library_on_the_path_that_snakemake_hands_on(
    root, tmp_path, searchpaths
):
    """As in a conda environment: another interpreter, no PYTHONPATH, nothing of ours installed."""
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(paths: list[str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(python), "-c", PROGRAM.format(paths=paths)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
        )

    assert "No module named 'synthwire'" in run([]).stderr
    done = run(searchpaths)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == str(root / "workflow" / "synthwire" / "__init__.py")
    assert "paper" in done.stdout.split()


def test_a_container_mounts_the_library(root, searchpaths):
    """Snakemake mounts each of these folders into an Apptainer container, and names it there."""
    from snakemake.deployment import singularity

    assert str(root / "workflow") in map(str, searchpaths)
    mounted = singularity.get_snakemake_searchpath_mountpoints()
    assert len(mounted) == len(get_snakemake_searchpaths())
    assert sys.version_info[:2] == (3, 11)
