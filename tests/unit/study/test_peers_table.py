"""Other methods beside ours."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from synthwire.study.supplement.peers_table import Method, peers_elsewhere, peers_table

RESOURCES = Path(__file__).parents[3] / "resources"


def method(name, ap, **more):
    evaluation = {
        "bbox": {"ap": ap + 1},
        "segm": {"ap": ap, "ap50": ap + 2},
        "overlap": [
            {"low": 0.0, "ap": ap, "recall50": 90.0},
            {"low": 0.25, "ap": None, "recall50": 40.0},
        ],
        "count": {"relative_error": -3.0},
    }
    facts = {"processor_s": 450.4, "steps": 1100, "seconds_an_image": 0.25}
    return Method(name, "MIT", True, evaluation, **{**facts, **more})


def test_the_best_comes_first_and_ours_is_bold():
    table = peers_table([method("ours", 60.0, ours=True), method("theirs", 70.0)])
    assert table.display["Method"].tolist() == ["theirs", "**ours**"]
    first = table.display.iloc[0]
    assert first["AP box"] == "71.0"
    assert first["AP mask"] == "70.0", "no interval without a bootstrap"
    assert first["AP mask, crossing"] == "–"
    assert first["Recall, crossing"] == "40.0"
    assert first["Training (processor s)"] == "450"
    assert math.isnan(table.frame["ap_crossing"].iloc[0])
    assert "more than 25 % of them" in table.caption


def test_a_run_without_ranges_of_overlap_has_no_crossing_wires():
    alone = method("ours", 60.0, ours=True)
    alone.evaluation["overlap"] = []
    table = peers_table([alone])
    assert table.display["AP mask, crossing"].tolist() == ["–"]
    assert table.frame["ap_segm"].iloc[0] == pytest.approx(60)


def test_what_was_not_run_here_has_its_source():
    table = peers_elsewhere(RESOURCES / "peers_elsewhere.tsv")
    assert (table.display["Source"].str.len() > 10).all()
    assert (table.display["Not run here because"] != "").all()
    assert not table.display.isna().any(axis=None)
