"""Masks in boxes that no image shows whole; those within one: learning/test_predict.py."""

import warnings

import numpy as np

from synthwire.inference.pasting import paste_masks

HEIGHT, WIDTH = 20, 30


def pasted(*boxes: list[float]) -> list[np.ndarray]:
    """Full masks in these boxes, as images; a warning is an error."""
    masks = np.ones((len(boxes), 14, 14), dtype=np.float32)
    images = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for crop, top, left in paste_masks(masks, np.array(boxes), HEIGHT, WIDTH):
            image = np.zeros((HEIGHT, WIDTH), dtype=bool)
            image[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
            images.append(image)
    return images


def test_a_mask_ends_where_the_image_does():
    (found,) = pasted([-5, 12, 8, 40])
    expected = np.zeros((HEIGHT, WIDTH), dtype=bool)
    expected[12:, :8] = True
    np.testing.assert_array_equal(found, expected)


def test_boxes_outside_show_nothing():
    for found in pasted([-9, 2, -3, 8], [40, 2, 50, 8], [2, -9, 8, -3], [2, 30, 8, 44]):
        assert not found.any()


def test_boxes_without_a_side_show_nothing_and_say_nothing():
    for found in pasted([5, 5, 5, 9], [5, 5, 9, 5], [5.5, 5.5, 5.5, 5.5], [8, 8, 2, 2]):
        assert not found.any()


def test_no_mask_is_no_mask():
    none = paste_masks(np.zeros((0, 14, 14), np.float32), np.zeros((0, 4)), HEIGHT, WIDTH)
    assert not list(none)
