"""ROIAlign (He et al., ICCV 2017) by matrix products, for channels that lie last: onnxruntime's own
takes ten times as long. The conventions are those of torchvision's, aligned.

A bin's value is the mean of samples, each interpolated along y and along x, so that a cell of the
map weighs in it the product of a weight of its row and one of its column: a region's bins are
Y · F · Xᵀ, where F is the part of the map that its samples touch.
"""

from __future__ import annotations

import numpy as np

_HALF, _ONE = np.float32(0.5), np.float32(1)


def pool(
    feature: np.ndarray,
    boxes: np.ndarray,
    which: np.ndarray,
    scale: np.float32,
    samples: int,
    pooled: np.ndarray,
) -> None:
    """Write the features of the boxes `which` into `pooled`.

    feature: (height, width, channels), float32; boxes: (N, 4) as x0, y0, x1, y1; scale: of the
    feature's cells to the boxes' pixels; samples: along each side of a bin, 0 for one a cell;
    pooled: (N, bins, bins, channels).
    """
    bins, end = pooled.shape[1], 0
    first, reach, weights = cell_weights(boxes[which], scale, bins, samples, feature.shape[:2])
    for region, (x, y), (width, height) in zip(
        which.tolist(), first.tolist(), reach.tolist(), strict=True
    ):
        begin, middle, end = end, end + bins * width, end + bins * (width + height)
        across = weights[begin:middle].reshape(bins, width)
        down = weights[middle:end].reshape(bins, height)
        part, target = feature[y : y + height, x : x + width], pooled[region]
        # The longer side first: less is left for the second product. Either is one of stacks of
        # small matrices, since OpenBLAS shares a large one among threads, which wait by spinning.
        if height > width:
            bands = down @ part.swapaxes(0, 1)
            np.matmul(across, bands.swapaxes(0, 1), out=target)
        else:
            bands = across @ part
            np.matmul(down, bands.swapaxes(0, 1), out=target.swapaxes(0, 1))


def cell_weights(
    boxes: np.ndarray, scale: np.float32, bins: int, samples: int, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the samples of boxes (N, 4) touch a map (height, width), and what the columns and rows
    there weigh in the bins; the other parameters as in `pool`.

    Returns the first column and row that each box touches (N, 2), their numbers (N, 2), 1 at least,
    and all weights in a row, float32: of each box those of the columns (bins, columns), then those
    of the rows (bins, rows). A sample outside of the map weighs nothing.
    """
    # the axes: boxes, x and y, bins, samples
    last = np.array(shape[::-1])[:, None, None] - 1
    start = (boxes[:, :2] * scale - _HALF)[..., None, None]
    side = ((boxes[:, 2:] * scale - _HALF)[..., None, None] - start) / np.float32(bins)
    count = np.full_like(side, samples) if samples > 0 else np.ceil(side)
    place = np.arange(bins)[:, None]
    number = np.arange(count.max(initial=1), dtype=np.float32)
    within = (np.minimum(number, count - _ONE) + _HALF) * side / np.maximum(count, _ONE)
    at = start + place.astype(np.float32) * side + within
    share = ((number < count) & (at >= -1) & (at <= last + 1)) / np.maximum(count, _ONE)
    at = at.clip(0, last.astype(np.float32))
    low = at.astype(np.int64)
    high = np.minimum(low + 1, last)
    upper = (at - low) * share
    first = low.min(axis=(2, 3))
    reach = high.max(axis=(2, 3)) - first + 1
    ends = np.cumsum(bins * reach).reshape(reach.shape)
    row = (ends - bins * reach - first)[..., None, None] + place * reach[..., None, None]
    weights = np.bincount(
        np.concatenate([row + low, row + high], axis=None),
        np.concatenate([share - upper, upper], axis=None),
        minlength=bins * reach.sum(),
    )
    return first, reach, weights.astype(np.float32)
