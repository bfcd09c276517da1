"""The masks of many particles: a sequence as any other, decoded one at a time."""

from __future__ import annotations

import numpy as np

from synthwire.io.masks import encode_mask
from synthwire.segmentation.masks import Masks


def test_masks_are_a_sequence_and_so_are_their_slices():
    drawn = np.zeros((4, 5, 6), dtype=bool)
    for number, mask in enumerate(drawn):
        mask[number : number + 2, number : number + 2] = True
    masks = Masks([{"segmentation": encode_mask(mask)} for mask in drawn])
    np.testing.assert_array_equal(np.stack(list(masks)), drawn)
    np.testing.assert_array_equal(masks[-1], drawn[-1])
    for part in (slice(1, 3), slice(None, None, -2), slice(2, 2)):
        found = masks[part]
        assert len(found) == len(drawn[part])
        for mask, expected in zip(found, drawn[part], strict=True):
            np.testing.assert_array_equal(mask, expected)
