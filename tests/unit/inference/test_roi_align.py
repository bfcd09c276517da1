"""ROIAlign against torchvision's."""

import numpy as np
import pytest
import torch
from torchvision.ops import roi_align

from synthwire.inference.roi_align import pool

SCALE = 0.125
FEATURE = np.random.default_rng(1).normal(size=(9, 13, 5)).astype(np.float32)


def ours(boxes: np.ndarray, samples: int, *, bins: int = 7) -> np.ndarray:
    """Features of boxes on FEATURE, in two lots."""
    pooled = np.full((len(boxes), bins, bins, FEATURE.shape[-1]), np.nan, dtype=np.float32)
    for which in (np.arange(0, len(boxes), 2), np.arange(1, len(boxes), 2)):
        pool(FEATURE, boxes, which, np.float32(SCALE), samples, pooled)
    return pooled


def torchvisions(boxes: np.ndarray, samples: int, *, bins: int = 7) -> np.ndarray:
    features = torch.from_numpy(FEATURE.transpose(2, 0, 1))[None]
    regions = [torch.from_numpy(boxes)]
    pooled = roi_align(features, regions, bins, SCALE, samples, aligned=True)
    return pooled.numpy().transpose(0, 2, 3, 1)


@pytest.mark.parametrize("samples", [0, 2])
def test_it_pools_as_torchvision_does(samples):
    generator = np.random.default_rng(1)
    corners = generator.uniform(-20, 90, (30, 2))
    sides = generator.uniform(0.5, 60, (30, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    np.testing.assert_allclose(ours(boxes, samples), torchvisions(boxes, samples), atol=1e-5)


@pytest.mark.parametrize("samples", [0, 2])
@pytest.mark.parametrize("bins", [2, 14])
def test_long_large_and_empty_boxes_too(bins, samples):
    """Along either axis, over all of the map and beyond it, of no width; 8 pixels are a cell."""
    boxes = np.array(
        [
            [2, 40, 100, 43],
            [50, 1, 52, 70],
            [-200, 30, 400, 34],
            [60, -200, 61, 400],
            [0, 0, 104, 72],
            [-300, -300, 600, 600],
            [103, 71, 104, 72],
            [30, 20, 30, 60],
            [30, 20, 70, 20],
            [30, 20, 30, 20],
        ],
        dtype=np.float32,
    )
    expected = torchvisions(boxes, samples, bins=bins)
    np.testing.assert_allclose(ours(boxes, samples, bins=bins), expected, atol=1e-5)


@pytest.mark.parametrize("samples", [0, 2])
def test_outside_of_the_map_there_is_nothing(samples):
    around = [[-90, 20, -30, 50], [130, 20, 900, 50], [20, -90, 50, -30], [20, 90, 50, 200]]
    boxes = np.array(around, dtype=np.float32)
    assert not ours(boxes, samples).any()
    assert not torchvisions(boxes, samples).any()


@pytest.mark.parametrize("samples", [0, 2])
def test_of_no_box_nothing_is_pooled(samples):
    pooled = np.full((3, 7, 7, 5), 9, dtype=np.float32)
    boxes = np.ones((3, 4), dtype=np.float32)
    pool(FEATURE, boxes, np.arange(0), np.float32(SCALE), samples, pooled)
    assert (pooled == 9).all()
    assert ours(boxes[:0], samples).shape == (0, 7, 7, 5)


def test_a_map_of_one_cell_is_seen_everywhere_in_it():
    boxes = np.array([[0, 0, 8, 8], [-4, -4, 4, 4]], dtype=np.float32)
    pooled = np.empty((2, 3, 3, 5), dtype=np.float32)
    pool(FEATURE[:1, :1], boxes, np.arange(2), np.float32(SCALE), 2, pooled)
    np.testing.assert_allclose(pooled, np.broadcast_to(FEATURE[0, 0], pooled.shape), rtol=1e-6)
