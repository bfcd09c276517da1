"""What goes on between a network's layers, against torchvision."""

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms

from synthwire.inference import regions


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("iou", [0.1, 0.5, 0.7])
def test_suppression_is_torchvisions(iou, groups):
    """With empty boxes, overlaps that equal the limit, and more boxes than are compared at once."""
    random = np.random.default_rng(3)
    count = 5 * regions.BOXES_AT_ONCE + 7
    corners = random.integers(0, 30, (count, 2))
    sides = random.integers(0, 20, (count, 2))
    boxes = np.hstack([corners, corners + sides]).astype(np.float32)
    scores = random.permutation(count).astype(np.float32)
    group = random.integers(0, groups, count)
    expected = batched_nms(*map(torch.from_numpy, (boxes, scores, group)), iou)
    found = regions.suppressed(boxes, scores, group, iou)
    assert 0 < len(found) < count
    np.testing.assert_array_equal(found, expected)


def test_of_equals_the_first_is_kept_and_the_limit_itself_is_none_too_many():
    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 4, 2], [0, 1, 4, 3]], dtype=np.float32)
    scores, groups = np.ones(4, dtype=np.float32), np.zeros(4, dtype=int)
    assert regions.suppressed(boxes, scores, groups, 0.5).tolist() == [0, 2, 3]
    assert regions.suppressed(boxes, scores, np.arange(4), 0.5).tolist() == [0, 1, 2, 3]
    assert regions.suppressed(boxes, scores, groups, 0.49).tolist() == [0]
    assert regions.suppressed(boxes[:0], scores[:0], groups[:0], 0.5).tolist() == []
