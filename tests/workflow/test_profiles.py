"""The paper's run as the cluster profiles plan it, without a cluster."""

from __future__ import annotations

import importlib.util
import re

import pytest
from snakemake.cli import get_argument_parser

GENERIC = "snakemake_executor_plugin_cluster_generic"


@pytest.mark.parametrize(
    "profile",
    [
        "slurm",
        pytest.param(
            "generic",
            marks=pytest.mark.skipif(
                importlib.util.find_spec(GENERIC) is None,
                reason="snakemake-executor-plugin-cluster-generic is not installed",
            ),
        ),
    ],
)
def test_the_papers_run_has_fewer_than_150_jobs_and_only_trainings_take_gpus(
    root, workflow, profile
):
    jobs = [
        (job["rule"], job["resources"])
        for job in workflow.jobs(
            *("all", "--profile", str(root / "profiles" / profile)), configs=("config.yaml",)
        )
    ]
    assert 100 < len(jobs) < 150
    trainings = [asked for rule, asked in jobs if rule == "train_model"]
    assert len(trainings) == 20
    assert {(asked["gpu"], asked["mem_mb"]) for asked in trainings} == {(4, 64000)}
    assert {asked.get("gpu", 0) for rule, asked in jobs if rule != "train_model"} == {0}
    for rule, asked in jobs:
        assert {"runtime", "mem_mb"} <= asked.keys(), rule


def test_the_rate_that_is_lifted_is_snakemakes_own(root):
    """rules/scheduling.smk tells it from one that a user sets by its numbers."""
    own = get_argument_parser().get_default("max_jobs_per_timespan")
    rules = (root / "rules" / "scheduling.smk").read_text(encoding="utf-8")
    jobs, seconds = re.search(r"SNAKEMAKES_RATE = \((\d+), (\d+)\)", rules).groups()
    assert own == f"{jobs}/{seconds}s"
