"""The paper's claims, and what a run says of each.

A claim *holds* when the whole bootstrap interval of the measured quantity lies on the claimed
side, *fails* when it lies on the other side, and is *undecided* when the interval spans the limit.
The intervals cover the choice of images and particles and, where models of the table repeat others
with another seed, the chance in training.
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple

import yaml

from synthwire.errors import InputError
from synthwire.evaluation.average_precision import METRICS
from synthwire.study.study import HYPERPARAMETERS, SYNTHETIC

STATUSES = ("holds", "fails", "undecided", "not tested")
HOLDS, FAILS, UNDECIDED, UNTESTED = STATUSES

FIELDS = {
    "trend": {"images", "metric", "parameter", "direction"},
    "little": {"images", "metric", "parameter", "limit"},
    "level": {"images", "metric", "value", "limit"},
    "order": {"images", "metric"},
    "greater": {"images", "left", "right"},
    "distributions": {"images", "features", "limit"},
    "beats_watershed": {"images"},
}

NAMES = {
    "accuracy": "accuracy",
    "relative_count_error": "count error (%)",
    **{
        f"{kind}_{metric}": f"{name} {'AP' + metric.removeprefix('ap')}"
        for kind, name in (("bbox", "box"), ("segm", "mask"))
        for metric in METRICS
    },
}


class Judgement(NamedTuple):
    """What a test of a claim found: a status, what was measured, and its interval."""

    status: str
    measured: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    paper: str = ""


def read_claims(path: str | os.PathLike) -> list[dict]:
    """The claims of the paper. InputError names the claim and the field that is wrong."""
    with open(path, encoding="utf-8") as file:
        claims = yaml.safe_load(file)
    seen = set()
    for number, claim in enumerate(claims, start=1):
        name = claim.get("id", f"number {number}")
        test = claim.get("test")
        if test not in FIELDS:
            raise InputError(f"{path}: claim {name}: test '{test}' is none of {sorted(FIELDS)}")
        needed = FIELDS[test] | {"id", "text", "source", "test"}
        for field in sorted(needed ^ claim.keys()):
            what = "is missing" if field in needed else f"is unknown to test '{test}'"
            raise InputError(f"{path}: claim {name}: '{field}' {what}")
        if name in seen:
            raise InputError(f"{path}: claim {name} stands twice")
        seen.add(name)
        images = claim["images"] if isinstance(claim["images"], list) else [claim["images"]]
        for image_set in images:
            if image_set not in (SYNTHETIC, "table2", "table3", "table4"):
                raise InputError(f"{path}: claim {name}: image set '{image_set}' is unknown")
        metrics = [claim.get(field) for field in ("metric", "left", "right")]
        for metric in metrics:
            if isinstance(metric, str) and metric not in NAMES:
                raise InputError(f"{path}: claim {name}: metric '{metric}' is unknown")
        if "parameter" in claim and claim["parameter"] not in HYPERPARAMETERS:
            raise InputError(f"{path}: claim {name}: parameter must be of {HYPERPARAMETERS}")
    return claims
