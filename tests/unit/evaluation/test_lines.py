"""Centre-lines of found wires beside those of the annotated ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from synthwire.evaluation.lines import line_agreement
from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask

SETTINGS = {"accuracy_score": 0.7, "overlap_limits": [0.05, 0.25]}


def bar(top: int, left: int, height: int, width: int) -> dict:
    mask = np.zeros((60, 80), dtype=bool)
    mask[top : top + height, left : left + width] = True
    return encode_mask(mask)


def test_a_moved_and_a_shortened_wire():
    truth = {
        "images": [{"id": 1, "height": 60, "width": 80}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(1, 1, bar(10, 10, 8, 50)),
            make_annotation(2, 1, bar(40, 10, 8, 50)),
            make_annotation(3, 1, bar(40, 10, 16, 24)),  # lies over half of the second
        ],
    }
    found = [(bar(12, 10, 8, 50), 0.9), (bar(40, 10, 8, 40), 0.8), (bar(40, 10, 16, 24), 0.3)]
    results = [
        {"image_id": 1, "category_id": 1, "score": score, "segmentation": rle}
        for rle, score in found
    ]
    measured = line_agreement(truth, results, SETTINGS)
    assert measured["all"]["pairs"] == 2
    assert measured["crossing"]["pairs"] == 1
    assert measured["crossing"]["line_length_error"] == pytest.approx(20, abs=2)
    assert measured["crossing"]["line_distance_px"] < 0.2
    # one line 2 px aside, one on its place
    assert measured["all"]["line_distance_px"] == pytest.approx(1, abs=0.15)
    assert measured["all"]["line_width_error"] < 3


def test_nothing_found_is_no_number():
    truth = {
        "images": [{"id": 1, "height": 60, "width": 80}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [make_annotation(1, 1, bar(10, 10, 8, 50))],
    }
    measured = line_agreement(truth, [], SETTINGS)
    assert measured["all"]["pairs"] == 0
    assert math.isnan(measured["all"]["line_length_error"])
