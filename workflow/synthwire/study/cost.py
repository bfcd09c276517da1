"""What a run takes: time and disk of its jobs, from times that were measured once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from synthwire.study.run_times import duration

NETWORKS = {18: "R18-FPN", 50: "R50-FPN"}  # by architecture.depth
OF_NETWORKS = ("train_model", "predict")  # whose times are another network's elsewhere
LIKE = {"train_variant": "train_model", "evaluate_variant": "predict"}
OTHERS = "other"


class Cost(NamedTuple):
    seconds: float  # of one core
    megabytes: float  # that stay on the disk


def read_times(path: Path, network: str | None) -> pd.DataFrame:
    """The rows of the table of measured times that hold for a network, by rule.

    network: a value of NETWORKS.
    """
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    return table[table["network"].isin(["", network])].set_index("rule")


def cost_of(rule: str, amounts: Mapping[str, float], times: pd.DataFrame) -> Cost | None:
    """What a job takes without a GPU; None where nobody has measured its network so.

    amounts: what it works through, in the units of the table's column `unit`; times: what
    `read_times` gives.
    """
    row = row_of(rule, times)
    if row is None or row["gpus"]:
        return None
    amount = amounts.get(row["unit"], 0)
    return Cost(
        float(row["cores"] * (row["start_s"] + amount * row["unit_s"])),
        float(row["start_mb"] + amount * row["unit_mb"]),
    )


def row_of(rule: str, times: pd.DataFrame) -> pd.Series | None:
    """The times of a rule; None where nobody has measured its network.

    All figures have those of one, and rules that nobody has measured those of others.
    """
    name = "make_figure" if rule.startswith("make_figure") else LIKE.get(rule, rule)
    if name in OF_NETWORKS and name not in times.index:
        return None
    return times.loc[name if name in times.index else OTHERS]


def megapixels_trained(training: Mapping, iterations: int, side_px: int) -> float:
    """Megapixels of all images of a training as the network sees them.

    training: section of the config; side_px: shortest side of an image of the data set.
    """
    sides = [side or side_px for side in training["min_size_px"]]
    area = sum(side**2 for side in sides) / len(sides)
    return iterations * training["images_per_batch"] * area / 1e6


def statement(costs: Iterable[Cost], cores: int, pace: float = 1.0) -> str:
    """Number, time and disk of jobs for people, as `118 jobs, about 9 h 05 min on 2 cores, 1.2 GB`.

    pace: how many times as long as in the table jobs take here.
    """
    found = list(costs)
    seconds = sum(cost.seconds for cost in found) * pace / cores
    return (
        f"{len(found)} {'job' if len(found) == 1 else 'jobs'}, about {duration(seconds)} on "
        f"{cores} {'core' if cores == 1 else 'cores'}, "
        f"{max(0.1, sum(cost.megabytes for cost in found) / 1000):.1f} GB"
    )
