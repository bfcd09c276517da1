"""Classes of pixels and accuracy, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_cases import SETTINGS, data_set, prediction, rectangle

from synthwire.evaluation import classify_pixels
from synthwire.evaluation.boundary import outline_counts
from synthwire.evaluation.case import check_inputs, make_case
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.evaluation.pixels import pixel_accuracy


def test_accuracy_by_hand():
    truth = data_set([[rectangle(0, 0, 10, 10)], [rectangle(0, 0, 4, 5)]])
    predictions = [
        prediction(rectangle(5, 0, 10, 10), 0.7),  # 50 TP, 50 FP, 50 FN
        prediction(rectangle(30, 30, 20, 20), 0.69),  # below the score
        prediction(rectangle(0, 0, 4, 5), 0.9, image_id=1),  # 20 TP
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    assert found["pixels"] == {"tp": 70, "fp": 50, "fn": 50}
    assert found["accuracy"] == pytest.approx(100 * 70 / 170)
    assert [row["accuracy"] for row in found["per_image"]] == [pytest.approx(100 / 3), 100.0]


def test_pixels_of_a_particle_below_an_ignored_outline_still_count():
    truth, ignored = rectangle(0, 0, 10, 10), rectangle(5, 0, 10, 10)
    predicted = np.zeros((64, 64), dtype=bool)
    classes = classify_pixels(truth, predicted, ignored)
    assert np.bincount(classes.ravel(), minlength=5).tolist() == [64 * 64 - 150, 0, 0, 100, 50]
    predicted[:2] = True
    classes = classify_pixels(truth, predicted, ignored)
    assert (classes == 1).sum() == 20
    assert (classes == 2).sum() == 2 * (64 - 15)
    assert classes.dtype == np.uint8


def test_pixels_are_resampled_with_their_particle():
    """A wire across both blocks is one unit's, and so are the false pixels of its detection."""
    size = (96, 192)
    truth = data_set([[rectangle(60, 20, 100, 4, size)]], size=size)
    predictions = [
        prediction(rectangle(50, 20, 100, 4, size), 0.9),
        prediction(rectangle(5, 60, 20, 4, size), 0.8),
    ]
    case = make_case(*check_inputs(truth, predictions), SETTINGS)
    _, counts = pixel_accuracy(case, 0.7)
    # unit 1 has the wire: TP 90 × 4, FP 10 × 4, FN 10 × 4; unit 0 the false alarm
    assert counts.tolist() == [[0, 80, 0], [360, 40, 40]]
    outlines = outline_counts(case, 0.7, 0)
    assert outlines[0].tolist() == [0, 2 * (20 + 4) - 4, 0, 0]
    assert outlines[1, [1, 3]].tolist() == [2 * (100 + 4) - 4] * 2
