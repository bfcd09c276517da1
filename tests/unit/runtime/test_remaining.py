"""How long a run still takes."""

from __future__ import annotations

from synthwire.runtime.remaining import STEADY_S, Remaining


def test_jobs_that_have_ended_or_gone_on_for_a_while_take_nothing_any_more():
    remaining = Remaining({1: 100, 2: 100, 3: 200}, cores=2)
    assert remaining.seconds(0) == 200
    remaining.start(1, now=0)
    remaining.start(2, now=0)
    assert remaining.seconds(50) == (50 + 50 + 200) / 2
    remaining.end(1, now=100)
    assert remaining.seconds(100) == 200 / 2
    remaining.start(7, now=100)  # a job that nobody has reckoned with
    remaining.end(7, now=101)
    assert remaining.seconds(100) == 200 / 2


def test_the_pace_is_that_of_the_jobs_that_ended():
    remaining = Remaining({1: 1e6, 2: 1e6}, cores=1)
    remaining.start(1, now=0)
    remaining.end(1, now=3e6)
    assert abs(remaining.pace - 3) < 0.01
    assert abs(remaining.seconds(3e6) - 3e6) < 1e4


def test_a_few_short_jobs_do_not_turn_the_estimate_over():
    remaining = Remaining({1: 1, 2: 1e4}, cores=1)
    remaining.start(1, now=0)
    remaining.end(1, now=10)
    assert remaining.seconds(10) < 1e4 * (1 + 10 / STEADY_S)


def test_what_ended_in_earlier_starts_tells_the_pace_of_this_one():
    assert Remaining({}, 1, measured=5e5, expected=1e6).pace < 0.51
