"""The paper's run on clusters of 4 to 64 GPUs, and of up to 100 times the data: a simulation.

    python benchmarks/schedule.py [--picture docs/schedule.png]

The jobs and what each waits for are Snakemake's own plan of `config/config.yaml`; the time of each
comes from `benchmarks/job_times.tsv`, which says of every number where it is from. A job starts as
soon as its inputs, its GPUs and a place among the profile's `jobs` are there, trainings in the
table's order; jobs of the profile's `groups` share one submission. More data are more structures,
and as many times more training iterations and validation images.

Prints for each cluster and amount of data how long the run takes and what the time goes into, along
the chain of jobs that decides it; then, for each shard size, when the data set is ready.
"""

from __future__ import annotations

import argparse
import heapq
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import cache
from math import ceil
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import matplotlib.ticker
import pandas as pd
import yaml

from synthwire.config import checks
from synthwire.figures.kit import style
from synthwire.study import cost

ROOT = Path(__file__).resolve().parents[1]
SCENES = 1250
VALIDATION_IMAGES = 250 + 3
COLOURS = (style.BLUE, style.ORANGE, style.GREEN)
GPUS = (4, 8, 16, 32, 64, 128)
DATA = (1, 10, 100)
SHARD_SIZES = (10, 25, 50, 100, 250, 500, 1000, 2500)
SHARD_RULES = ("generate_structures", "compress_optical_density")
STAGES = {
    "generate_structures": "data set",
    "compress_optical_density": "data set",
    "split_dataset": "data set",
    "train_model": "training",
    "predict": "evaluation",
    "evaluate_model": "evaluation",
}
OTHERS = "tables and figures"
WAITING = "waiting for GPUs"


class Job(NamedTuple):
    rule: str
    wildcard: str
    needs: frozenset[str]


class Run(NamedTuple):
    """A simulated run: when each job started and ended."""

    start_s: dict[str, float]
    end_s: dict[str, float]


@cache
def papers_plan() -> dict[str, Job]:
    """Snakemake's plan of config/config.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        plan = subprocess.run(
            [
                *(sys.executable, "-m", "snakemake", "--dag", "--directory", folder),
                *("--snakefile", str(ROOT / "Snakefile")),
                *("--configfile", str(ROOT / "config" / "config.yaml")),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    needs = defaultdict(set)
    for before, after in re.findall(r"^\s*(\d+) -> (\d+)", plan, re.M):
        needs[after].add(before)
    nodes = re.findall(r'^\s*(\d+)\[label = "(\w+)(?:\\n\w+: (\w+))?', plan, re.M)
    return {
        number: Job(rule, wildcard, frozenset(needs[number])) for number, rule, wildcard in nodes
    }


def planned_jobs(shards: int) -> dict[str, Job]:
    """The paper's plan with another number of shards, each with the jobs of one of its own."""
    plan = papers_plan()
    of_shards = {number for number, job in plan.items() if job.rule in SHARD_RULES}
    last = next(n for n in of_shards if plan[n].rule == SHARD_RULES[-1])
    chain = {last}
    while before := set().union(*(plan[n].needs for n in chain)) & of_shards - chain:
        chain |= before
    jobs = {
        f"{number}/{shard}": plan[number]._replace(
            needs=frozenset(f"{n}/{shard}" for n in plan[number].needs)
        )
        for number in chain
        for shard in range(shards)
    }
    for number in plan.keys() - of_shards:
        needs = plan[number].needs - of_shards
        rules = {plan[n].rule for n in plan[number].needs & of_shards}
        needs |= {copy for copy, job in jobs.items() if "/" in copy and job.rule in rules}
        jobs[number] = plan[number]._replace(needs=needs)
    return jobs


def iterations(data: int) -> dict[str, int]:
    """Iterations of each row of the model table at 32 images a step."""
    table = pd.read_csv(ROOT / "config" / "models.tsv", sep="\t", dtype={"model": str})
    return {
        row.model: ceil(row.epochs * row.dataset_size * data / 32) for row in table.itertuples()
    }


class Plan:
    """Jobs with their times, for one amount of data and one shard size."""

    def __init__(self, data: int, per_shard: int, times: pd.DataFrame) -> None:
        scenes = SCENES * data
        self.jobs = planned_jobs(ceil(scenes / per_shard))
        self.profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
        self._units = {"scene": per_shard, "image": VALIDATION_IMAGES * data}
        self._scenes = scenes
        self._iterations = iterations(data)
        self._times = times

    def gpus(self, number: str) -> int:
        return int(cost.row_of(self.jobs[number].rule, self._times).gpus)

    def duration_s(self, number: str) -> float:
        """Time of a job with its submission, which a group's second step does without."""
        job = self.jobs[number]
        if job.rule == "all":
            return 0.0
        row = cost.row_of(job.rule, self._times)
        units = self._units.get(row.unit, 0)
        if job.rule == "split_dataset":
            units = self._scenes
        if row.unit == "iteration":
            units = self._iterations[job.wildcard]
        group = self.profile["groups"].get(job.rule)
        grouped = any(
            self.profile["groups"].get(self.jobs[before].rule) == group for before in job.needs
        )
        submission = 0 if group and grouped else self._times.loc["submission"].start_s
        return submission + row.start_s + units * row.unit_s


def simulate(plan: Plan, gpus: int) -> Run:
    """First come, first served; jobs that were ready at once in the order of the model table."""
    followers = defaultdict(list)
    missing = {number: len(job.needs) for number, job in plan.jobs.items()}
    for number, job in plan.jobs.items():
        for before in job.needs:
            followers[before].append(number)
    duration = {number: plan.duration_s(number) for number in plan.jobs}
    ready = [(0.0, plan.jobs[n].wildcard, n) for n, count in missing.items() if not count]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    run = Run({}, {})
    free_gpus, free_places, now = gpus, plan.profile["jobs"], 0.0
    while ready or running:
        waiting = []
        while ready and free_places:
            entry = heapq.heappop(ready)
            number = entry[2]
            if plan.gpus(number) > free_gpus:
                waiting.append(entry)
                continue
            free_gpus -= plan.gpus(number)
            free_places -= 1
            run.start_s[number] = now
            heapq.heappush(running, (now + duration[number], number))
        for entry in waiting:
            heapq.heappush(ready, entry)
        now, last = heapq.heappop(running)
        run.end_s[last] = now
        free_gpus += plan.gpus(last)
        free_places += 1
        for number in followers[last]:
            missing[number] -= 1
            if not missing[number]:
                heapq.heappush(ready, (now, plan.jobs[number].wildcard, number))
    return run


def deciding_chain(plan: Plan, run: Run) -> dict[str, float]:
    """Seconds of each stage along the chain of jobs that decides when the run ends.

    A training that started when another one gave its GPUs back, and not when its inputs were
    there, has waited for GPUs.
    """
    spent: dict[str, float] = defaultdict(float)
    number: str | None = max(run.end_s, key=run.end_s.get)
    while number is not None:
        job = plan.jobs[number]
        stage = STAGES.get(job.rule, OTHERS)
        spent[stage] += run.end_s[number] - run.start_s[number]
        inputs_s = max((run.end_s[before] for before in job.needs), default=0.0)
        if run.start_s[number] > inputs_s and plan.gpus(number):
            spent[WAITING] += run.start_s[number] - inputs_s
        if job.needs:
            number = max(job.needs, key=run.end_s.get)
        else:
            spent[stage] += run.start_s[number]
            number = None
    return spent


def dataset_ready_s(plan: Plan, run: Run) -> float:
    return next(run.end_s[n] for n, job in plan.jobs.items() if job.rule == "split_dataset")


def picture(path: Path, whole: pd.DataFrame, ready: pd.DataFrame) -> None:
    """Left: GPUs against the time of the run. Right: shard size against a ready data set."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for data, marker, colour in zip(DATA, "os^", COLOURS, strict=True):
        look = {"label": f"{data}× the data", "marker": marker, "color": colour}
        total = whole.loc[data].sum(axis=1) / 3600
        left.plot(total.index, total, **look)
        curve = ready[ready["data"] == data]
        right.plot(curve["per_shard"], curve["ready_s"] / 60, **look)
    left.set(xlabel="GPUs, four for each training", ylabel="Whole run (hours)", xticks=GPUS)
    right.set(xlabel="Scenes in a shard", ylabel="Data set ready after (minutes)")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    left.minorticks_off()
    left.set_xticks(GPUS)
    right.set_yticks([1, 2, 5, 10, 20])
    left.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path, help="draw the result into this file")
    arguments = parser.parse_args()
    times = cost.read_times(ROOT / "benchmarks" / "job_times.tsv", cost.NETWORKS[50])
    per_iteration = times.loc["train_model"].unit_s * times.loc["train_model"].gpus / 3600
    steps = sum(iterations(1).values())
    print(
        f"{len(planned_jobs(25))} jobs; {steps} iterations: {steps * per_iteration:.0f} GPU-hours"
    )

    config = checks.resolve(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    per_shard = config["structures"]["scenes_per_shard"]
    ready = []
    for data in DATA:
        for size in SHARD_SIZES:
            if size <= SCENES * data and SCENES * data / size <= 1250:
                plan = Plan(data, size, times)
                run = simulate(plan, max(GPUS))
                ready.append((data, size, len(plan.jobs), dataset_ready_s(plan, run)))
    ready = pd.DataFrame(ready, columns=["data", "per_shard", "jobs", "ready_s"])
    best = ready.loc[ready.groupby("data")["ready_s"].idxmin()].set_index("data")["per_shard"]
    whole = {}
    for data in DATA:
        plan = Plan(data, per_shard if data == 1 else int(best[data]), times)
        for gpus in GPUS:
            whole[data, gpus] = deciding_chain(plan, simulate(plan, gpus))
    columns = [*dict.fromkeys(STAGES.values()), OTHERS]
    columns.insert(1, WAITING)
    whole = pd.DataFrame(whole).T.reindex(columns=columns).fillna(0.0)
    whole.index.names = ["data", "gpus"]
    hours = (whole / 3600).assign(total=lambda frame: frame.sum(axis=1))
    print("\nHours along the deciding chain\n" + hours.round(2).to_string())
    print("\nSeconds until the data set is ready\n" + ready.round(0).to_string(index=False))
    if arguments.picture:
        picture(arguments.picture, whole, ready)


if __name__ == "__main__":
    main()
