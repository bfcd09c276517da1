"""What a person reads while the workflow runs."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_job_says_in_words_what_it_does(workflow):
    jobs = [
        job
        for target in ("all", "diagnosis", "gallery", "weights")
        for job in workflow.jobs(target)
        if job["output"]
    ]
    assert len({job["rule"] for job in jobs}) > 25
    for job in jobs:
        assert re.fullmatch(r"[A-Z].*: [a-z].*", job["message"] or ""), job["rule"]
        assert all(value in job["message"] for value in job["wildcards"].values()), job


def test_a_plan_is_one_line_a_job(workflow):
    done = workflow("all", "--dry-run", "--logger", "synthwire")
    text = done.stdout + done.stderr
    lines = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert len(lines) == sum(workflow.planned("all").values())
    assert lines[-1].endswith(f"{len(lines)}/{len(lines)}  Done: all")
    assert max(map(len, text.splitlines())) < 200
    assert "reason" not in text.lower()


def test_a_job_that_fails_says_so_once_and_the_full_log_is_named(workflow):
    volumes = workflow.folder / "volumes"
    volumes.mkdir()
    for scene in range(10):
        (volumes / f"scene_{scene:05d}.tif").write_text("not a volume")
    (workflow.folder / "own.yaml").write_text("dataset: {volumes: volumes}\n")
    own = str(workflow.folder / "own.yaml")
    done = workflow("dataset", "--logger", "synthwire", configs=("test.yaml", own))
    assert done.returncode == 1
    assert done.stderr.count("synthwire: volumes/scene_00000.tif: not a readable TIFF volume") == 1
    job = "Images of shard 000: compress the structures along z"
    log = "results/test/logs/compress_optical_density/000.log"
    assert f"Failed: {job}; see {log}\n" in done.stderr
    assert (workflow.folder / log).is_file()
    assert "CalledProcessError" not in done.stderr
    complete = re.search(r"Complete log\(s\): (.*)", done.stderr)[1]
    assert "compress_optical_density" in Path(complete).read_text()
