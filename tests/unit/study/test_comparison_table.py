"""Variants of one training side by side."""

from __future__ import annotations

import math

import pytest

from synthwire.study.supplement.comparison_table import compare_variants, comparison_table
from synthwire.study.supplement.training_time import paper_arithmetic


def repetitions(*values):
    return [{"synthetic": {"segm": {"ap": value}}} for value in values]


def test_differences_are_taken_within_a_repetition():
    found = {"paper": repetitions(50.0, 60.0, 70.0), "binary": repetitions(47.0, 58.0, 66.0)}
    rows = compare_variants(found, "paper", 95).set_index("variant")
    assert math.isnan(rows.loc["paper", "difference"])
    assert rows.loc["binary", "difference"] == pytest.approx(-3)
    # t of 2 degrees of freedom, 4.303, times 1 / √3
    assert rows.loc["binary", "difference_low"] == pytest.approx(-3 - 4.303 / 3**0.5, abs=1e-3)
    assert rows.loc["paper", "low"] == pytest.approx(60 - 43.03 / 3**0.5, abs=1e-2)
    labels = {"paper": "the paper's", "binary": "binary"}
    table = comparison_table(
        rows.reset_index(),
        labels,
        {"synthetic": "Synthetic"},
        heading="Synthesis",
        reference="paper",
        level=95,
    )
    assert table.display.to_numpy().tolist() == [
        ["the paper's", "**60.0**", "–"],
        ["binary", "57.0", "−3.0 [−5.5, −0.5]"],
    ]
    assert "Student's t over 3 repetitions" in table.caption


def test_one_repetition_without_a_bootstrap_has_no_interval():
    rows = compare_variants({"a": repetitions(1.0), "b": repetitions(2.0)}, "a", 95)
    assert rows["difference"].tolist()[1] == 1
    assert rows[["low", "high", "difference_low"]].isna().all(axis=None)


def test_operations_of_the_papers_longest_training_in_its_hours():
    (row,) = paper_arithmetic([{"model": "12", "epochs": 750, "dataset_size": 1000}], 1e12).to_dict(
        "records"
    )
    assert row["steps"] == 23438
    assert row["operations"] == 23438 * 32 * 1e12
    assert row["rate_5h"] == pytest.approx(23438 * 32 * 1e12 / (4 * 5 * 3600))
