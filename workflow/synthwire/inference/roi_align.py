"""ROIAlign (He et al., ICCV 2017), compiled for channels that lie last: onnxruntime's own takes ten
times as long. The conventions are those of torchvision's, aligned.
"""

from __future__ import annotations

import numpy as np
from numba import njit

Taps = tuple[np.ndarray, np.ndarray, np.ndarray]

_HALF, _ONE = np.float32(0.5), np.float32(1)


@njit(cache=True, nogil=True)
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
    bins = pooled.shape[1]
    height, width, channels = feature.shape
    for region in which:
        rows, columns, (y0, y1, wy), (x0, x1, wx), share = sample_grid(
            boxes[region], scale, bins, samples, height, width
        )
        for i in range(bins):
            for j in range(bins):
                total = pooled[region, i, j]
                total[:] = 0
                for a in range(i * rows, (i + 1) * rows):
                    for b in range(j * columns, (j + 1) * columns):
                        if y0[a] < 0 or x0[b] < 0:
                            continue
                        w00 = (_ONE - wy[a]) * (_ONE - wx[b]) * share
                        w01 = (_ONE - wy[a]) * wx[b] * share
                        w10 = wy[a] * (_ONE - wx[b]) * share
                        w11 = wy[a] * wx[b] * share
                        p00, p01 = feature[y0[a], x0[b]], feature[y0[a], x1[b]]
                        p10, p11 = feature[y1[a], x0[b]], feature[y1[a], x1[b]]
                        for c in range(channels):
                            total[c] += w00 * p00[c] + w01 * p01[c] + w10 * p10[c] + w11 * p11[c]


@njit(cache=True, nogil=True)
def sample_grid(
    box: np.ndarray, scale: np.float32, bins: int, samples: int, height: int, width: int
) -> tuple[int, int, Taps, Taps, np.float32]:
    """Samples of a bin down and across, where all of a box's lie along y and x, and the weight of
    one. box: x0, y0, x1, y1; the others as in `pool`, of a map (height, width).
    """
    left, top = box[0] * scale - _HALF, box[1] * scale - _HALF
    across, down = box[2] * scale - _HALF - left, box[3] * scale - _HALF - top
    rows = samples if samples > 0 else int(np.ceil(down / np.float32(bins)))
    columns = samples if samples > 0 else int(np.ceil(across / np.float32(bins)))
    return (
        rows,
        columns,
        _taps(top, down, bins, rows, height),
        _taps(left, across, bins, columns, width),
        _ONE / np.float32(max(rows * columns, 1)),
    )


@njit(cache=True, nogil=True)
def _taps(start: np.float32, length: np.float32, bins: int, samples: int, cells: int) -> Taps:
    """Where the samples along one side of a region lie: lower cell, upper cell, upper's weight.

    start, length: of the region, in cells. A sample outside of the map has a lower cell of −1.
    """
    low = np.empty(bins * samples, np.int64)
    high = np.empty(bins * samples, np.int64)
    weight = np.empty(bins * samples, np.float32)
    side = length / np.float32(bins)
    for index in range(bins * samples):
        at = (
            start
            + np.float32(index // samples) * side
            + (np.float32(index % samples) + _HALF) * side / np.float32(samples)
        )
        if at < -1 or at > cells:
            low[index] = -1
            continue
        inside = max(at, np.float32(0))
        cell = int(inside)
        low[index], high[index] = min(cell, cells - 1), min(cell + 1, cells - 1)
        weight[index] = inside - np.float32(cell) if cell < cells - 1 else 0
    return low, high, weight
