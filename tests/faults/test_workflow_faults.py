"""The workflow under faults: killed at any moment, its results damaged.

SYNTHWIRE_KILLS says how often it is killed (3), SYNTHWIRE_DAMAGES how often each file is damaged,
each time in another way (1, of 4), SYNTHWIRE_FAULTS=all that it is the whole of config/test.yaml,
up to the report, and not its way to one table.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from pathlib import Path

import pytest
from damage import DAMAGES, spread
from small_run import SmallRun, differences, smaller

from synthwire.runtime.records import recorded, verify

KILLS = int(os.environ.get("SYNTHWIRE_KILLS", "3"))
ROUNDS = int(os.environ.get("SYNTHWIRE_DAMAGES", "1"))
WHOLE = os.environ.get("SYNTHWIRE_FAULTS") == "all"
TARGET = "all" if WHOLE else "tables"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run that nothing happened to."""
    run = small_run(tmp_path_factory.mktemp("undisturbed"))
    done = run(TARGET)
    assert done.returncode == 0, done.stderr[-4000:]
    assert verify(run.results)[:3] == ([], [], [])
    return run


def small_run(folder: Path, cores: int = 2) -> SmallRun:
    return SmallRun(folder, None if WHOLE else smaller(), cores)


def assert_whole(run: SmallRun, other: SmallRun) -> None:
    found = verify(run.results)
    assert (found.missing, found.changed, found.foreign) == ([], [], [])
    assert not list(run.results.rglob("*partial*"))
    assert differences(run.state(), other.state()) == []


def test_after_kills_the_same_command_ends_with_the_same_results(undisturbed, tmp_path):
    run = small_run(tmp_path)
    draw = random.Random(20)
    moments = spread(undisturbed.jobs_done(), KILLS, draw)
    kills = [
        run.killed(TARGET, jobs, draw.uniform(0, 5), all_of_it=number % 2 == 0)
        for number, jobs in enumerate(moments)
    ]
    assert all(kills), moments
    done = run(TARGET)
    assert done.returncode == 0, done.stderr[-4000:]
    assert_whole(run, undisturbed)


def test_every_damage_of_every_result_is_seen(undisturbed):
    run = undisturbed.results
    for name in recorded(run):
        whole = (run / name).read_bytes()
        for damage in DAMAGES.values():
            (run / name).write_bytes(damage(whole))
            found = verify(run)
            (run / name).write_bytes(whole)
            assert (found.missing, found.changed, found.foreign) == ([], [name], [])


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_damaged_results_are_named_and_made_anew(undisturbed, tmp_path, round_):
    """All files at once, each in one of the ways, or removed; on one core as they were on two."""
    run = small_run(tmp_path, cores=1)
    shutil.copytree(undisturbed.folder, run.folder, dirs_exist_ok=True)
    ways = itertools.cycle(DAMAGES.values())
    for _ in range(round_):
        next(ways)
    damaged = list(recorded(run.results))
    for name in damaged:
        path = run.results / name
        path.write_bytes(next(ways)(path.read_bytes()))
    removed = "images/001/scene_00005.png"
    (run.results / removed).unlink()
    found = verify(run.results)
    assert found.missing == [removed]
    assert set(found.changed) == set(damaged) - {removed}
    done = run(TARGET)
    assert done.returncode == 0, done.stderr[-4000:]
    for name in found.changed:
        assert f"{name}: not as it was written" in done.stderr
    assert_whole(run, undisturbed)


def test_removed_models_are_not_trained_again_unasked(undisturbed):
    run = undisturbed
    weights = run.results / "models" / "01" / "model_final.pth"
    aside = weights.with_suffix(".aside")
    weights.rename(aside)
    try:
        done = run("train")
        assert done.returncode == 1
        assert "the trained 01 is gone" in done.stderr
    finally:
        aside.rename(weights)
