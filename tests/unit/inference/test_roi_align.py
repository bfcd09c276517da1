"""ROIAlign against torchvision's."""

import numpy as np
import pytest
import torch
from torchvision.ops import roi_align

from synthwire.inference.roi_align import pool


@pytest.mark.parametrize("samples", [0, 2])
def test_it_pools_as_torchvision_does(samples):
    generator = np.random.default_rng(1)
    feature = generator.normal(size=(9, 13, 5)).astype(np.float32)
    corners = generator.uniform(-20, 90, (30, 2))
    sides = generator.uniform(0.5, 60, (30, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    pooled = np.full((30, 7, 7, 5), np.nan, dtype=np.float32)
    for which in (np.arange(0, 30, 2), np.arange(1, 30, 2)):
        pool(feature, boxes, which, np.float32(0.125), samples, pooled)
    expected = roi_align(
        torch.from_numpy(feature.transpose(2, 0, 1))[None],
        [torch.from_numpy(boxes)],
        7,
        0.125,
        samples,
        aligned=True,
    )
    np.testing.assert_allclose(pooled, expected.numpy().transpose(0, 2, 3, 1), atol=1e-5)
