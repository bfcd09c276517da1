"""Times of a run's jobs."""

from __future__ import annotations

import numpy as np
import pytest

from synthwire.study import run_times


def test_benchmarks_are_summed_by_rule(tmp_path):
    for name, seconds in (("train_model/01", 60.0), ("train_model/02", 30.0), ("report", 2.0)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t-\n")
    table = run_times.summarise_benchmarks(
        run_times.read_benchmarks(tmp_path), ["train_model", "report"]
    ).set_index("rule")
    assert list(table.index) == ["train_model", "report"]
    assert table.loc["train_model", ["jobs", "total_s", "median_s", "longest_s"]].tolist() == [
        2,
        90.0,
        45.0,
        60.0,
    ]
    assert np.isnan(table.loc["report", "max_rss_mb"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7440, "2 h 04 min"),
    ],
)
def test_durations(seconds, text):
    assert run_times.duration(seconds) == text
