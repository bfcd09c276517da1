"""Average precision by overlap, worked out by hand."""

from __future__ import annotations

import math

import pytest
from evaluation_cases import SETTINGS, data_set, prediction, random_case, rectangle, with_images

from synthwire.evaluation import draws_of, interval_of, value_of
from synthwire.evaluation.evaluate import evaluate_predictions


def test_average_precision_by_overlap_by_hand():
    """A free particle found, two that cover a quarter of each other of which one is missed."""
    free, first, second = rectangle(2, 2, 20, 5), rectangle(10, 40, 20, 5), rectangle(25, 40, 5, 20)
    truth = data_set([[free, first, second]])
    predictions = [
        prediction(free, 0.9),
        prediction(rectangle(10, 40, 20, 5), 0.8),
        prediction(rectangle(40, 2, 10, 10), 0.7),  # a free false alarm
    ]
    settings = {**SETTINGS, "overlap_limits": [0.1, 0.25, 0.5]}
    low, middle, crossing, covered = evaluate_predictions(truth, predictions, settings)["overlap"]
    assert (low["low"], low["high"], low["ground_truth"]) == (0, 0.1, 1)
    assert low["ap"] == pytest.approx(100)  # the false alarm comes after the hit
    assert middle["ground_truth"] == 0 and middle["ap"] is None
    assert (crossing["low"], crossing["ground_truth"]) == (0.25, 2)
    assert crossing["recall50"] == 50
    assert crossing["ap"] == pytest.approx(100 * 51 / 101)
    assert covered["ground_truth"] == 0
    # the false alarm is a free one: before the hits it harms the free particles' AP alone
    predictions[2]["score"] = 0.95
    low, _, crossing, _ = evaluate_predictions(truth, predictions, settings)["overlap"]
    assert low["ap"] == pytest.approx(50)
    assert crossing["ap"] == pytest.approx(100 * 51 / 101)


def test_average_precision_by_overlap_has_intervals_where_there_are_particles():
    truth, predictions = random_case(4, images=30, size=(64, 80))
    found = evaluate_predictions(truth, predictions, with_images())
    enough = [part["ground_truth"] >= 5 for part in found["overlap"]]
    assert enough == [True, False, True]
    for number, part in enumerate(found["overlap"]):
        metric = f"overlap_{number}"
        low, high = interval_of(found, metric)
        assert value_of(found, metric) == part["ap"]
        assert len(draws_of(found, metric)) == 200
        assert low < part["ap"] < high if enough[number] else math.isnan(low)


def test_overlap_with_a_doubtful_outline_counts_as_overlap():
    free, doubtful = rectangle(10, 40, 20, 5), rectangle(20, 40, 20, 5)
    truth = data_set([[free, doubtful]], crowd=[1])
    settings = {**SETTINGS, "overlap_limits": [0.3]}
    rows = evaluate_predictions(truth, [prediction(free, 0.9)], settings)["overlap"]
    assert [row["ground_truth"] for row in rows] == [0, 1]
