"""Times of images."""

from __future__ import annotations

import numpy as np

from synthwire.learning.timing import IMAGE_RUNS, mosaic, seconds_an_image


def test_images_stand_side_by_side_and_begin_again():
    images = [np.full((4, 6), number, dtype=np.uint8) for number in range(3)]
    joined = mosaic(images, 7)
    assert joined.shape == (7, 7)
    assert joined[:4, :6].tolist() == images[0].tolist()
    assert (joined[:4, 6:] == 1).all()
    assert (joined[4:, :6] == 2).all()
    assert (joined[4:, 6:] == 0).all(), "the fourth is the first again"


def test_the_first_run_is_not_counted():
    calls = []
    assert seconds_an_image(lambda: calls.append(1)) >= 0
    assert len(calls) == IMAGE_RUNS + 1
