"""Telling when the mean of a stream of numbers has changed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from synthwire.segmentation.change_points import LARGEST_STEP, ChangeDetector


def changes(values, detector=None):
    detector = detector or ChangeDetector()
    return [change for change in map(detector.update, values) if change]


def test_without_a_change_the_steps_are_standard_normal():
    """What makes the chart self-starting (Hawkins 1987)."""
    rng = np.random.default_rng(5)
    steps = []
    for values in rng.normal(40, 3, (400, 8)):
        detector = ChangeDetector(limit=math.inf)
        for value in values:
            detector.update(value)
        steps.append(detector._standardised(rng.normal(40, 3)))
    clipped = np.clip(rng.standard_normal(100_000), -LARGEST_STEP, LARGEST_STEP)
    assert kstest(steps, clipped).pvalue > 0.01
    assert np.std(steps) == pytest.approx(1, abs=0.1)


def test_false_alarms_are_as_rare_as_theory_says():
    """Average run length of a two-sided CUSUM with k = 0.5 and h = 5: 465."""
    rng = np.random.default_rng(1)
    numbers = rng.normal(100, 7, (30, 500))
    alarms = sum(len(changes(values)) for values in numbers)
    assert numbers.size / alarms == pytest.approx(465, rel=0.35)


@pytest.mark.parametrize("shift", [-2, 2, 4])
def test_a_change_is_found_soon_and_dated_well(shift):
    rng = np.random.default_rng(2)
    late, dates = 0, []
    for _ in range(50):
        values = np.r_[rng.normal(0, 1, 30), rng.normal(shift, 1, 12)]
        found = [change for change in changes(values) if change.at >= 30]
        late += not found
        if found:
            dates.append(found[0].since)
            assert (found[0].after > found[0].before) == (shift > 0)
    assert late <= 3
    assert np.median(np.abs(np.array(dates) - 30)) <= 1


def test_one_odd_number_is_no_change_but_two_may_be():
    steady = [10, 11, 9, 10, 12, 10, 9, 11, 10, 9]
    assert not changes([*steady, 1000, *steady])
    assert changes([*steady, 100, 100, 100])


def test_the_second_change_is_found_too_and_the_mean_starts_anew():
    rng = np.random.default_rng(3)
    detector = ChangeDetector()
    values = np.concatenate([rng.normal(mean, 1, 25) for mean in (10, 20, 5)])
    found = changes(values, detector)
    assert [change.since for change in found] == [25, 50]
    assert detector.mean == pytest.approx(values[50:].mean())
    assert found[0].before == pytest.approx(values[:25].mean())


def test_the_sums_show_what_gave_the_alarm():
    detector = ChangeDetector()
    values = [10, 11, 9, 10, 12, 10, 9, 11, 10, 9, 15, 16, 14]
    assert [detector.update(value) is not None for value in values] == [False] * 12 + [True]
    assert detector.up > detector.limit
    detector.update(15)
    assert detector.up < detector.limit


@settings(deadline=None)
@given(
    st.lists(st.integers(-50, 50), max_size=40),
    st.floats(0.01, 1e4),
    st.floats(-1e4, 1e4),
)
def test_unit_and_origin_make_no_difference(values, unit, origin):
    values = np.array(values, dtype=float)
    plain = changes(values)
    other = changes(unit * values + origin) if abs(origin) < 1e3 * unit else plain
    assert [change[:2] for change in other] == [change[:2] for change in plain]


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(1, 30))
def test_equal_numbers_never_give_an_alarm(value, count):
    detector = ChangeDetector()
    assert not changes([value] * count, detector)
    assert detector.mean == pytest.approx(value)


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="a finite number"):
        ChangeDetector().update(math.nan)
