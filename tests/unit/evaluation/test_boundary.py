"""Boundary F1, worked out by hand."""

from __future__ import annotations

import pytest
from evaluation_cases import SETTINGS, data_set, prediction, rectangle

from synthwire.evaluation.evaluate import evaluate_predictions


def outline_length(width, height):
    return 2 * (width + height) - 4


def test_boundary_f1_by_hand():
    truth = data_set([[rectangle(10, 10, 20, 8)]])
    exact = evaluate_predictions(truth, [prediction(rectangle(10, 10, 20, 8), 0.9)], SETTINGS)
    assert exact["boundary"] == {"precision": 100, "recall": 100, "f1": 100}
    shifted = [prediction(rectangle(12, 10, 20, 8), 0.9)]
    assert evaluate_predictions(truth, shifted, SETTINGS)["boundary"]["f1"] == 100
    # without tolerance only the long sides coincide, over 18 pixels each
    strict = evaluate_predictions(truth, shifted, {**SETTINGS, "boundary_tolerance_px": 0})
    assert strict["boundary"]["precision"] == pytest.approx(100 * 36 / outline_length(20, 8))
    assert strict["boundary"]["recall"] == pytest.approx(100 * 36 / outline_length(20, 8))
    # twice the outlines, half of them right, all of the true ones found
    more = [prediction(rectangle(10, 10, 20, 8), 0.9), prediction(rectangle(10, 40, 20, 8), 0.9)]
    scores = evaluate_predictions(truth, more, SETTINGS)["boundary"]
    assert (scores["precision"], scores["recall"]) == (50, 100)
    assert scores["f1"] == pytest.approx(100 * 2 / 3)
    nothing = evaluate_predictions(truth, [], SETTINGS)["boundary"]
    assert nothing["precision"] is None and nothing["recall"] == 0


def test_the_edge_of_the_image_and_ignored_outlines_are_no_boundary():
    # rows 10…17 of the whole width: only the upper and lower side are outlines
    band = rectangle(0, 10, 64, 8)
    truth = data_set([[band, rectangle(20, 40, 20, 8)]], crowd=[1])
    predictions = [prediction(rectangle(0, 10, 60, 8), 0.9)]
    strict = {**SETTINGS, "boundary_tolerance_px": 0}
    scores = evaluate_predictions(truth, predictions, strict)["boundary"]
    assert scores["recall"] == pytest.approx(100 * 120 / 128)
    assert scores["precision"] == pytest.approx(100 * 120 / 126)
    predictions.append(prediction(rectangle(22, 42, 10, 4), 0.9))  # inside the doubtful outline
    assert evaluate_predictions(truth, predictions, strict)["boundary"] == scores
