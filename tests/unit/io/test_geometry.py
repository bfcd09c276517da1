"""Rings of masks and masks of rings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from outline_cases import SQUARE, square

from synthwire.io.outlines.geometry import crosses_itself, fill, rings_of


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_rings_of_any_mask_fill_to_the_mask_again(mask):
    again = np.zeros(mask.shape, bool)
    for ring in rings_of(mask):
        again ^= fill(ring, mask.shape)
    np.testing.assert_array_equal(again, mask)


def test_ring_of_a_square_is_its_four_corners():
    (ring,) = rings_of(square())
    assert sorted(ring.tolist()) == sorted([[5, 6], [15, 6], [15, 20], [5, 20]])


def test_crossing_sides_are_told_from_touching_ones():
    assert crosses_itself(np.array([[0, 0], [10, 10], [10, 0], [0, 10]]))
    assert not crosses_itself(np.array(SQUARE))
    keyhole = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0], [3, 3], [3, 6], [6, 6], [6, 3], [3, 3]]
    assert not crosses_itself(np.array(keyhole))
