"""Configurations that somebody got wrong: accepted, or refused in one line that names the key."""

from __future__ import annotations

import math
import re
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_run import ROOT, SmallRun

from synthwire.config import checks
from synthwire.config.models_table import read_models
from synthwire.errors import InputError
from synthwire.learning.plan import plan_base, plan_row
from synthwire.structures.settings import categories, shards

CONFIG = yaml.safe_load((ROOT / "config" / "test.yaml").read_text(encoding="utf-8"))
TABLE = read_models(ROOT / "config" / "models.tsv")
WRONG: list[Any] = [
    *(None, "", "text", -1, 0, 1e-300, 2.5, 10**12, 1e300, 10**400, math.nan, math.inf, True),
    *([], [1], {}, {"a": 1}),
]


def places(value: Any, place: tuple = ()) -> list[tuple]:
    items = value.items() if isinstance(value, dict) else ()
    return [
        *([place] if place else []),
        *(found for key, inner in items for found in places(inner, (*place, key))),
    ]


def mutated(data: st.DataObject) -> dict:
    """The configuration with one to three keys changed, removed or misspelt."""
    config = deepcopy(CONFIG)
    for _ in range(data.draw(st.integers(1, 3))):
        *folders, key = data.draw(st.sampled_from(places(config)))
        section = config
        for folder in folders:
            section = section[folder]
        what = data.draw(st.sampled_from(["value", "remove", "misspell"]))
        value = section.pop(key)
        if what == "value":
            section[key] = data.draw(st.sampled_from(WRONG))
        elif what == "misspell":
            section[f"{key}x"] = value
    return config


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_in_process_every_config_is_accepted_or_refused_in_one_line(data):
    config = mutated(data)
    try:
        resolved = checks.resolve(config, "mine.yaml")
    except InputError as error:
        assert str(error).startswith("mine.yaml: ")
        assert "\n" not in str(error)
        return
    try:
        checks.check_models(resolved, TABLE)
        checks.check_changes(resolved, TABLE)
    except InputError as error:
        assert re.search(r"[a-z_]+\.[a-z_]+", str(error)), "no key is named"
        return
    plans = [plan_row(row, resolved["training"]) for _, row in TABLE.iterrows()]
    if resolved["training"]["initial_weights"] == "base":
        plans.append(plan_base(resolved["training"]))
    assert all(plan.iterations > 0 for plan in plans)
    assert shards(resolved["structures"])
    assert categories(resolved["structures"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", math.nan),
        ("seed", "one"),
        ("structures", {"preset": "none"}),
        ("training", {"learning_rate_factor": math.inf}),
        ("models", {"select": ["77"]}),
        ("models", {"table": "none.tsv"}),
        ("image_sets", {"a": {"source": "file", "image": "none.png"}}),
        ("prediction", {"minimum_score": 2}),
        ("evaluation", []),
        ("unknown", 1),
    ],
)
def test_through_snakemake_a_wrong_key_is_one_line(tmp_path, key, value):
    done = SmallRun(tmp_path, {**CONFIG, key: value})("--dry-run")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire: ")]
    assert len(lines) == 1
    assert key in lines[0]
