"""The paper's study on two cores: what is planned, said before it starts, and refused."""

from __future__ import annotations

import re

import pytest

from synthwire.runtime.records import SETTINGS

KEPT = "keep_settings: true\n"


@pytest.fixture
def kept(workflow):
    """Runs the structures of config/test.yaml as a run that keeps its settings."""

    def run(*arguments, changes=""):
        (workflow.folder / "own.yaml").write_text(f"{KEPT}{changes}")
        own = str(workflow.folder / "own.yaml")
        return workflow(
            "structures", "--logger", "synthwire", *arguments, configs=("test.yaml", own)
        )

    run.folder = workflow.folder / "results" / "test"
    return run


def test_the_study_can_be_planned(workflow):
    jobs = workflow.jobs("all", configs=("laptop.yaml",))
    trainings = [job for job in jobs if job["rule"] == "train_model"]
    assert len(trainings) == 20
    assert sum(job["rule"] == "generate_structures" for job in jobs) == 25
    sets = {job["wildcards"]["images"] for job in jobs if job["rule"] == "prepare_microscopy"}
    assert {"ptychography", "stxm", "sem"} <= sets


def test_a_run_says_what_it_takes_and_goes_on_after_a_stop(kept):
    done = kept()
    assert done.returncode == 0, done.stderr
    said = r"results/test: (\d+) jobs?, about [\d.]+ (s|min \d+ s|h \d+ min) on 2 cores, [\d.]+ GB"
    assert re.search(said, done.stderr)[1] == "2"
    assert (kept.folder / SETTINGS).is_file()
    (shard,) = kept.folder.glob("structures/001/particles.csv")
    shard.unlink()
    again = kept()
    assert again.returncode == 0, again.stderr
    assert re.search(said, again.stderr)[1] == "1"


def test_a_run_that_was_begun_with_other_settings_is_refused(kept):
    assert kept().returncode == 0
    scene = next(kept.folder.glob("structures/000/*.tif"))
    before = scene.stat().st_mtime_ns
    done = kept(changes="structures: {max_tilt_deg: 30}\n")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("synthwire:")]
    assert "results/test: begun with structures.max_tilt_deg 45, now 30; restore" in line
    assert "Traceback" not in done.stderr
    assert scene.stat().st_mtime_ns == before
    (kept.folder / SETTINGS).unlink()
    assert kept(changes="structures: {max_tilt_deg: 30}\n").returncode == 0
    assert scene.stat().st_mtime_ns > before
