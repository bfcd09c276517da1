"""Test-time flips: views of an image come back to where the image is."""

from __future__ import annotations

import numpy as np
import pytest

from synthwire.io.coco import make_annotation
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.learning.flips import predict_with_flips


def bright(image, image_id, scale):
    """A predictor that finds what is bright, and is surer of it in the upper half."""
    mask = image > 100
    if not mask.any():
        return []
    item = make_annotation(1, image_id, encode_mask(mask))
    upper = np.argwhere(mask)[:, 0].mean() < image.shape[0] / 2
    keys = ("image_id", "category_id", "segmentation", "bbox")
    return [{key: item[key] for key in keys} | {"score": 0.9 if upper else 0.5}]


def test_all_four_views_are_the_same_particle():
    image = np.zeros((40, 60), np.uint8)
    image[5:12, 8:40] = 200
    (found,) = predict_with_flips(bright, [(7, image)])
    np.testing.assert_array_equal(decode_mask(found["segmentation"]), image > 100)
    assert found["bbox"] == [8, 5, 32, 7]
    assert found["image_id"] == 7
    assert found["score"] == pytest.approx(0.7)


def test_a_particle_seen_only_in_a_flipped_view_lies_where_it_is():
    image = np.zeros((40, 60), np.uint8)
    image[30:36, 8:40] = 200

    def only_above(picture, image_id, scale):
        return [item for item in bright(picture, image_id, scale) if item["score"] > 0.6]

    (found,) = predict_with_flips(only_above, [(1, image)])
    np.testing.assert_array_equal(decode_mask(found["segmentation"]), image > 100)
    assert found["bbox"] == [8, 30, 32, 6]
    assert found["score"] == pytest.approx(0.45)
