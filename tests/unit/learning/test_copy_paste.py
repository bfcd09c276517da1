"""Wires of one training image laid over another."""

from __future__ import annotations

import numpy as np

from synthwire.learning import copy_paste


def wires(*boxes, shape=(60, 80), grey=100):
    masks = np.zeros((len(boxes), *shape), dtype=bool)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return (grey * masks.sum(axis=0)).clip(0, 255).astype(np.uint8), masks


def test_only_wires_that_lie_alone_are_cut_out():
    _, masks = wires((5, 5, 9, 30), (20, 5, 24, 30), (18, 15, 40, 19), (50, 60, 54, 79))
    assert copy_paste.find_isolated(masks).tolist() == [0, 3]


def test_densities_of_pasted_wires_add_up_and_masks_stay_amodal():
    image, masks = wires((0, 0, 60, 80), grey=50)
    donor, donor_masks = wires((20, 20, 24, 50), grey=100)
    seen = 0
    for seed in range(20):
        found, together, numbers = copy_paste.lay_over(
            image, masks, donor, donor_masks, 1, np.random.default_rng(seed)
        )
        assert len(together) == 1 + len(numbers)
        np.testing.assert_array_equal(together[0], masks[0])
        if len(numbers):
            seen += 1
            assert together[1].sum() == donor_masks[0].sum()
            np.testing.assert_array_equal(found, 50 + 100 * together[1])
    assert 0 < seen < 20


def test_the_sum_stays_within_the_range_of_grey_values():
    image, masks = wires((0, 0, 60, 80), grey=200)
    donor, donor_masks = wires((20, 20, 24, 50), grey=200)
    for seed in range(5):
        found, together, numbers = copy_paste.lay_over(
            image, masks, donor, donor_masks, 1, np.random.default_rng(seed)
        )
        if len(numbers):
            assert found[together[1]].min() == 255
            assert found[~together[1]].max() == 128  # all scaled by one factor
