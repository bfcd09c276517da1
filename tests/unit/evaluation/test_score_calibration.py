"""Scores against precisions, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_cases import SETTINGS, data_set, prediction, rectangle

from synthwire.evaluation.calibration import (
    Rated,
    abstain,
    calibration_error,
    rate_detections,
    reliability,
)

PLACES = [(2, 2), (32, 2), (2, 20), (32, 20)]
TRUTH = data_set([[rectangle(x, y, 20, 6) for x, y in PLACES]])
WRONG = rectangle(10, 50, 30, 6)


def rated(score, right):
    return Rated(np.array(score), np.array(right, dtype=bool), np.zeros(0), [], np.zeros(0))


def test_a_second_hit_of_the_same_particle_is_wrong():
    twice = [prediction(rectangle(2, 2, 20, 6), score) for score in (0.6, 0.9)]
    found = rate_detections(TRUTH, twice)
    assert found.score.tolist() == [0.9, 0.6]
    assert found.right.tolist() == [True, False]


def test_detections_on_doubtful_outlines_do_not_count():
    truth = data_set([[rectangle(2, 2, 20, 6), rectangle(2, 40, 30, 10)]], crowd=[1])
    found = rate_detections(truth, [prediction(rectangle(5, 42, 10, 4), 0.8)])
    assert len(found.score) == 0 and len(found.annotated) == 1


def test_calibrated_scores_have_no_error():
    # of ten detections with score 0.8 eight are right, of ten with 0.3 three
    both = rated([0.8] * 10 + [0.3] * 10, [1] * 8 + [0] * 2 + [1] * 3 + [0] * 7)
    table = reliability(both, 2)
    assert table["precision"].tolist() == pytest.approx([0.3, 0.8])
    assert calibration_error(table) == pytest.approx(0)
    assert ((table["low"] < table["precision"]) & (table["precision"] < table["high"])).all()


def test_overconfident_scores_have_their_gap_as_error():
    table = reliability(rated([0.9] * 8, [1, 0] * 4), 1)
    assert calibration_error(table) == pytest.approx(0.4)


def test_no_detections_have_no_reliability():
    table = reliability(rated([], []), 10)
    assert table.empty and np.isnan(calibration_error(table))


def test_a_person_mends_what_lies_nearest_the_cut():
    settings = {**SETTINGS, "accuracy_score": 0.7}
    predictions = [
        prediction(rectangle(2, 2, 20, 6), 0.95),
        prediction(rectangle(32, 2, 20, 6), 0.65),  # right, but below the cut
        prediction(WRONG, 0.75),  # wrong, above it
        prediction(rectangle(2, 20, 20, 6), 0.1),
    ]
    table = abstain(TRUTH, predictions, settings, [0, 0.5]).to_dict("records")
    alone, helped = table
    assert (alone["by_hand"], helped["by_hand"]) == (0, 2)
    assert (alone["precision"], alone["recall"]) == (50, 25)
    assert (helped["precision"], helped["recall"]) == (100, 50)
    assert (alone["count_error"], helped["count_error"]) == (-50, -50)
    assert helped["ap_segm"] > alone["ap_segm"]
    assert helped["median_area_error"] == pytest.approx(0)
    assert alone["median_area_error"] == pytest.approx(100 * (150 / 120 - 1))


def test_a_loose_outline_that_a_person_keeps_costs_nothing():
    predictions = [
        prediction(rectangle(2, 2, 20, 6), 0.95),
        prediction(rectangle(32, 2, 26, 6), 0.71),  # of 20 × 6: right at IoU 0.5, not at 0.8
    ]
    settings = {**SETTINGS, "accuracy_score": 0.7}
    alone, helped = abstain(TRUTH, predictions, settings, [0, 0.5])["ap_segm"]
    assert helped == pytest.approx(alone)
