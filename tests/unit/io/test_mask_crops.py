"""Work on a particle's own box gives what work on the whole image does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask

from synthwire.io.masks import MaskCrop, decode_crop, decode_crops, decode_mask, encode_mask

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


def plain(rle: dict) -> tuple[np.ndarray, int, int]:
    """The box cut out of the whole mask."""
    left, top, width, height = (int(value) for value in coco_mask.toBbox(rle))
    return decode_mask(rle)[top : top + height, left : left + width], top, left


@given(MASKS)
def test_a_crop_is_cut_out_of_the_whole_mask(mask):
    rle = encode_mask(mask)
    for found, expected in zip(decode_crop(rle), plain(rle), strict=True):
        np.testing.assert_array_equal(found, expected)
    crop = decode_crop(rle)[0]
    assert crop.flags.f_contiguous  # as COCO decodes, so that sums run in the same order


@given(st.integers(1, 6), st.integers(20_000, 70_000), st.data())
def test_runs_of_any_length(width, height, data):
    """Long runs take several characters each, and their differences are of both signs."""
    ends = data.draw(st.lists(st.integers(0, width * height), max_size=12))
    counts = np.diff(sorted(ends), prepend=0, append=width * height).tolist()
    rle = coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    expected = MaskCrop.of(decode_mask(rle))
    found, top, left = decode_crop(rle)
    np.testing.assert_array_equal(found, expected.pixels)
    assert (top, left) == (expected.top, expected.left)


@given(MASKS)
def test_a_crop_of_a_mask_and_of_its_code_are_the_same(mask):
    (decoded,) = decode_crops([encode_mask(mask)])
    cut = MaskCrop.of(mask)
    assert decoded[1:] == cut[1:]
    np.testing.assert_array_equal(decoded.pixels, cut.pixels)
    whole = np.zeros(mask.shape, dtype=bool)
    whole[cut.place] = cut.pixels
    np.testing.assert_array_equal(whole, mask)
