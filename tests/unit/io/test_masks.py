"""Masks and their run-length encoding."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from synthwire.errors import InputError
from synthwire.io.masks import (
    decode_mask,
    encode_crop,
    encode_mask,
    mask_areas,
    overlaps,
    segmentation_to_rle,
    union_of_masks,
)

SQUARE = [2, 3, 7, 3, 7, 9, 2, 9]


@settings(deadline=None)  # the machine may be busy
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_rle_round_trip_is_exact_and_goes_into_json(mask):
    rle = json.loads(json.dumps(encode_mask(mask)))
    np.testing.assert_array_equal(decode_mask(rle), mask)


@settings(deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12)), st.data())
def test_a_mask_encoded_from_a_crop_is_the_whole_masks_encoding(crop, data):
    top, left, below, beyond = (data.draw(st.integers(0, 3)) for _ in range(4))
    whole = np.pad(crop, ((top, below), (left, beyond)))
    assert encode_crop(crop, top, left, *whole.shape) == encode_mask(whole)


def test_polygon_covers_the_pixels_between_its_corners():
    mask = decode_mask(segmentation_to_rle([SQUARE], 12, 10))
    expected = np.zeros((12, 10), bool)
    expected[3:9, 2:7] = True
    np.testing.assert_array_equal(mask, expected)


def test_every_form_of_a_segmentation_is_the_same_mask():
    mask = np.zeros((6, 5), bool)
    mask[1:4, 2:5] = True
    compressed = encode_mask(mask)
    runs = np.flatnonzero(np.diff(np.r_[0, mask.T.ravel(), 0]))
    counts = np.diff(np.r_[0, runs, mask.size]).tolist()
    uncompressed = {"size": [6, 5], "counts": counts}
    for form in (compressed, uncompressed, [[2, 1, 5, 1, 5, 4, 2, 4]]):
        np.testing.assert_array_equal(decode_mask(segmentation_to_rle(form, 6, 5)), mask)


def test_several_polygons_of_one_annotation_are_united():
    rle = segmentation_to_rle([SQUARE, [0, 0, 2, 0, 2, 2, 0, 2]], 12, 10)
    assert decode_mask(rle).sum() == 30 + 4


@pytest.mark.parametrize("segmentation", [[], [[1, 2, 3, 4]]])
def test_polygons_without_area_are_refused(segmentation):
    with pytest.raises(InputError, match="three points"):
        segmentation_to_rle(segmentation, 5, 5)


def test_mask_of_another_size_is_refused():
    with pytest.raises(InputError, match="stands in an image"):
        segmentation_to_rle({"size": [4, 4], "counts": [16]}, 5, 5)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(arrays(bool, (6, 7)), max_size=4))
def test_union(masks):
    rles = [encode_mask(mask) for mask in masks]
    expected = np.any(masks, axis=0) if masks else np.zeros((6, 7), bool)
    np.testing.assert_array_equal(union_of_masks(rles, 6, 7), expected)


def test_areas_of_more_masks_than_pycocotools_takes_at_once():
    masks = [np.arange(12).reshape(3, 4) < number % 13 for number in range(300)]
    areas = mask_areas(encode_mask(mask) for mask in masks)
    assert areas.dtype == float and areas.tolist() == [number % 13 for number in range(300)]
    assert mask_areas([]).shape == (0,)


def test_overlaps_are_intersections_over_unions():
    masks = np.zeros((3, 4, 10), dtype=bool)
    masks[0, :, :4], masks[1, :, 2:6], masks[2, :, 8:] = True, True, True
    rles = [encode_mask(mask) for mask in masks]
    assert overlaps(rles, rles[1:]) == pytest.approx(np.array([[2 / 6, 0], [1, 0], [0, 1]]))
    assert overlaps([], rles).shape == (0, 3)
    assert overlaps(rles, []).shape == (3, 0)
