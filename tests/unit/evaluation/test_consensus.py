"""Several results made one, worked out by hand."""

from __future__ import annotations

import pytest
from evaluation_cases import prediction, rectangle

from synthwire.evaluation.consensus import consensus

ONE, OTHER = rectangle(2, 2, 30, 6), rectangle(2, 30, 30, 6)


def test_a_particle_that_one_view_lacks_has_half_its_score():
    merged = consensus(
        [[prediction(ONE, 0.9), prediction(OTHER, 0.6)], [prediction(rectangle(3, 2, 30, 6), 0.7)]]
    )
    assert [item["score"] for item in merged] == pytest.approx([0.8, 0.3])
    assert merged[0]["segmentation"] == prediction(ONE, 1)["segmentation"]


def test_two_of_one_view_stay_two():
    assert len(consensus([[prediction(ONE, 0.9), prediction(ONE, 0.8)]])) == 2


def test_images_and_classes_stay_apart():
    one, two = prediction(ONE, 0.8), prediction(ONE, 0.8, image_id=1)
    other = {**prediction(ONE, 0.8), "category_id": 2}
    assert [item["score"] for item in consensus([[one], [two], [other]])] == pytest.approx(
        [0.8 / 3] * 3
    )


def test_what_falls_below_the_least_score_is_left_out():
    assert consensus([[prediction(ONE, 0.09)], []], least_score=0.05) == []


def test_nothing_found_stays_nothing():
    assert consensus([[], []]) == []
