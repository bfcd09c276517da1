"""ROIAlign for training: `inference.roi_align` with its gradient."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import torch
from torch import nn

from synthwire.inference.roi_align import cell_weights

from detectron2.layers import ROIAlign
from detectron2.modeling.poolers import (
    ROIPooler,
    assign_boxes_to_levels,
    convert_boxes_to_pooler_format,
)


def can_pool(pooler: ROIPooler) -> bool:
    return all(isinstance(level, ROIAlign) and level.aligned for level in pooler.level_poolers)


class Pooler(nn.Module):
    """Detectron2's ROIPooler with aligned ROIAlign, for 32-bit features on a CPU, where it takes
    less time; `benchmarks/inference.py` and `benchmarks/training.py` measure it.
    """

    def __init__(self, pooler: ROIPooler) -> None:
        super().__init__()
        self.bins = pooler.output_size[0]
        self.scales = [float(level.spatial_scale) for level in pooler.level_poolers]
        self.samples = int(pooler.level_poolers[0].sampling_ratio)
        self.levels = (pooler.min_level, pooler.max_level)
        self.canonical = (pooler.canonical_box_size, pooler.canonical_level)

    def forward(self, features: list[torch.Tensor], box_lists: list) -> torch.Tensor:
        """Features of all boxes, (boxes, channels, bins, bins).

        features: of each level, (images, channels, height, width). box_lists: Boxes of each image.
        """
        rois = convert_boxes_to_pooler_format(box_lists)
        levels = assign_boxes_to_levels(box_lists, *self.levels, *self.canonical)
        return _PoolRegions.apply(
            rois.numpy(),
            levels.numpy(),
            self.scales,
            self.samples,
            self.bins,
            *(feature.float() for feature in features),
        )


def _pixels(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's values as (…, height, width, channels), without a copy where they lie so."""
    return tensor.detach().permute(0, 2, 3, 1).contiguous().numpy()


class _PoolRegions(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        rois: np.ndarray,
        levels: np.ndarray,
        scales: list[float],
        samples: int,
        bins: int,
        *features: torch.Tensor,
    ) -> torch.Tensor:
        ctx.shapes = [feature.shape for feature in features]
        ctx.regions = []
        pooled = torch.zeros(len(rois), bins, bins, features[0].shape[1])
        for level, (feature, scale) in enumerate(zip(features, scales, strict=True)):
            which = np.flatnonzero(levels == level)
            boxes, size = rois[which, 1:], feature.shape[2:]
            weights = cell_weights(boxes, np.float32(scale), bins, samples, size)
            ctx.regions.append((which, rois[which, 0].astype(np.int64), *weights))
            _add(_pixels(feature), pooled.numpy(), False, *ctx.regions[-1])
        return pooled.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        pooled = _pixels(gradient)
        gradients = []
        for (images, channels, height, width), regions in zip(ctx.shapes, ctx.regions, strict=True):
            cells = torch.zeros(images, height, width, channels)
            _add(cells.numpy(), pooled, True, *regions)
            gradients.append(cells.permute(0, 3, 1, 2))
        return None, None, None, None, None, *gradients


@numba.njit(cache=True, nogil=True)
def _add(
    cells: np.ndarray,
    pooled: np.ndarray,
    back: bool,
    which: np.ndarray,
    images: np.ndarray,
    first: np.ndarray,
    reach: np.ndarray,
    weights: np.ndarray,
) -> None:
    """Add the weighted cells of maps to the bins of regions, or, `back`, the gradients of the bins
    to those of the cells. Compiled: products of the small matrices of so many regions take up to
    three times as long.

    cells: (images, height, width, channels); pooled: (N, bins, bins, channels); which: of these N,
    and images: theirs; the others as `cell_weights` gives them.
    """
    bins, channels = pooled.shape[2:]
    touched, number = np.empty((bins, cells.shape[2]), np.int64), np.empty(bins, np.int64)
    end = 0
    for place, region in enumerate(which):
        (x, y), (width, height) = first[place], reach[place]
        begin, middle, end = end, end + bins * width, end + bins * (width + height)
        across = weights[begin:middle].reshape(bins, width)
        down = weights[middle:end].reshape(bins, height)
        for j in range(bins):
            found = np.flatnonzero(across[j])
            number[j] = len(found)
            touched[j, : len(found)] = found
        image = cells[images[place]]
        for i in range(bins):
            for a in np.flatnonzero(down[i]):
                for j in range(bins):
                    value = pooled[region, i, j]
                    for k in range(number[j]):
                        b = touched[j, k]
                        weight = down[i, a] * across[j, b]
                        cell = image[y + a, x + b]
                        if back:
                            for c in range(channels):
                                cell[c] += weight * value[c]
                        else:
                            for c in range(channels):
                                value[c] += weight * cell[c]
