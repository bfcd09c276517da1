"""Two sets of outlines, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_cases import SETTINGS, data_set, rectangle

from synthwire.evaluation.agreement import (
    agreement_row,
    perturb,
    perturbed_agreement,
    resize_mask,
    shift_mask,
)
from synthwire.io.masks import decode_mask

ONE = rectangle(20, 20, 20, 10)


def annotations(*masks):
    return data_set([list(masks)])["annotations"]


def test_the_same_outlines_agree_whole():
    truth = data_set([[ONE, rectangle(2, 40, 30, 6)]])
    row = agreement_row(truth, truth["annotations"], SETTINGS)
    assert [row["ap_segm"], row["ap_bbox"], row["accuracy"]] == pytest.approx([100] * 3)
    assert (row["outlines"], row["second_outlines"]) == (2, 2)


def test_an_outline_that_the_other_lacks_costs_recall_and_precision():
    truth = data_set([[ONE, rectangle(2, 40, 30, 6)]])
    second = annotations(ONE, rectangle(2, 2, 30, 6))
    row = agreement_row(truth, second, SETTINGS)
    assert row["recall50"] == row["precision50"] == 50
    assert row["accuracy"] == pytest.approx(100 * 200 / (200 + 180 + 180))


def test_doubtful_outlines_count_for_neither():
    truth = data_set([[ONE, rectangle(2, 40, 30, 6)]], crowd=[1])
    for second in (annotations(ONE), annotations(ONE, rectangle(2, 40, 30, 6))):
        row = agreement_row(truth, second, SETTINGS)
        assert row["ap_segm"] == pytest.approx(100) and row["precision50"] == 100
        assert row["outlines"] == 1


def test_more_outlines_than_a_models_detections_count():
    masks = [rectangle(6 * column, 4 * row, 4, 3) for row in range(15) for column in range(10)]
    truth = data_set([masks])
    assert agreement_row(truth, truth["annotations"], SETTINGS)["ap_segm"] == pytest.approx(100)


@pytest.mark.parametrize(("down", "across"), [(3, 0), (0, -4), (-2, 5)])
def test_a_shift_by_whole_pixels_moves_the_mask(down, across):
    expected = rectangle(20 + across, 20 + down, 20, 10)
    np.testing.assert_array_equal(shift_mask(ONE, down, across), expected)


def test_a_resized_rectangle_has_its_sides_that_much_further_out():
    assert resize_mask(ONE, -2).sum() == 16 * 6
    np.testing.assert_array_equal(resize_mask(ONE, -2), rectangle(22, 22, 16, 6))
    grown = resize_mask(ONE, 2)
    assert grown[18, 20:40].all() and not grown[17].any()  # rounded at the corners alone
    assert grown[20:30, 18].all() and not grown[:, 17].any()
    assert not resize_mask(ONE, -6).any()


def test_a_moved_outline_scores_the_overlap_of_two_rectangles():
    # moved along x by 5 of 20: IoU 15/25 = 0.6, a hit at 0.5, 0.55 and 0.6
    moved = annotations(shift_mask(ONE, 0, 5))
    assert agreement_row(data_set([[ONE]]), moved, SETTINGS)["ap_segm"] == pytest.approx(30)


def test_perturbed_outlines_stay_in_the_image_and_at_their_distance():
    at_the_corner = annotations(rectangle(0, 0, 30, 12))
    rng = np.random.default_rng(1)
    for _ in range(8):
        (item,) = perturb(at_the_corner, "moved", 4, rng)
        mask = decode_mask(item["segmentation"])
        assert mask.shape == (64, 64)
        area = mask.sum()
        assert 26 * 8 <= area <= 30 * 12
    assert perturb(annotations(rectangle(5, 5, 20, 4)), "moved", 100, rng) == []


def test_the_more_they_are_wrong_the_less_they_score():
    truth = data_set([[ONE, rectangle(5, 45, 40, 8)]])
    table = perturbed_agreement(truth, [0, 1, 3, 6], SETTINGS, seed=1)
    for _, part in table.groupby("way"):
        scores = part["ap_segm"].to_numpy()
        assert scores[0] == pytest.approx(100)
        assert (np.diff(scores) <= 0).all() and scores[-1] < 20
