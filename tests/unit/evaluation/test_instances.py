"""Instances found and missed, worked out by hand."""

from __future__ import annotations

import pytest
from evaluation_cases import SETTINGS, data_set, prediction, rectangle

from synthwire.evaluation.evaluate import evaluate_predictions


def test_counts_per_threshold_panoptic_quality_and_count_error_by_hand():
    """Three particles, one found exactly, one with IoU 0.6, one missed; two false alarms."""
    truth = data_set([[rectangle(2, 2, 20, 5), rectangle(2, 20, 20, 5)], [rectangle(2, 40, 20, 5)]])
    predictions = [
        prediction(rectangle(2, 2, 20, 5), 0.9),
        prediction(rectangle(7, 20, 20, 5), 0.8),
        prediction(rectangle(40, 40, 10, 10), 0.75),
        prediction(rectangle(40, 5, 10, 10), 0.7),
        prediction(rectangle(2, 40, 20, 5), 0.69, image_id=1),  # right, but below the score
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    at_50, at_75 = found["thresholds"][0], found["thresholds"][5]
    assert (at_50["iou"], at_50["tp"], at_50["fp"], at_50["fn"]) == (0.5, 2, 2, 1)
    assert at_50["precision"] == pytest.approx(50)
    assert at_50["recall"] == pytest.approx(200 / 3)
    assert at_50["f1"] == pytest.approx(100 * 2 * 2 / (2 * 2 + 2 + 1))
    assert (at_75["iou"], at_75["tp"], at_75["fp"], at_75["fn"]) == (0.75, 1, 3, 2)
    assert found["panoptic"]["pq"] == pytest.approx(100 * 1.6 / (2 + 1 + 0.5))
    assert found["panoptic"]["sq"] == pytest.approx(80)
    assert found["panoptic"]["rq"] == pytest.approx(at_50["f1"])
    assert found["count"]["annotated"] == 3 and found["count"]["predicted"] == 4
    assert found["count"]["error"] == 1
    assert found["count"]["relative_error"] == pytest.approx(100 / 3)
    assert found["count"]["mean_absolute_error"] == pytest.approx((2 + 1) / 2)


def test_instances_on_ignored_outlines_are_not_counted():
    truth = data_set([[rectangle(2, 2, 20, 5), rectangle(2, 30, 20, 5)]], crowd=[1])
    predictions = [
        prediction(rectangle(2, 2, 20, 5), 0.9),
        prediction(rectangle(2, 30, 9, 5), 0.9),  # two pieces of one doubtful outline
        prediction(rectangle(12, 30, 9, 5), 0.9),
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    assert (found["thresholds"][0]["tp"], found["thresholds"][0]["fp"]) == (1, 0)
    assert found["panoptic"]["pq"] == pytest.approx(100)
    assert found["count"]["error"] == 0
