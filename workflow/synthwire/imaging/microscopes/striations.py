"""Ridges along particles, as nanowires have, which are bundles of lamellae."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit
from scipy import ndimage

from synthwire.imaging.projection import View


@njit(cache=True, nogil=True)
def _count_along_z(labels: np.ndarray, label: int, counts: np.ndarray) -> None:
    depth, rows, columns = labels.shape
    for z in range(depth):
        for y in range(rows):
            for x in range(columns):
                if labels[z, y, x] == label:
                    counts[y, x] += 1


def striations(
    view: View, scale_nm: float, voxel_size_nm: float, rng: np.random.Generator
) -> Iterator[tuple[int, tuple[slice, slice], np.ndarray, np.ndarray]]:
    """(particle, box, field, voxels) of each particle: random ridges along it.

    Nanowires are bundles of lamellae, which show as lines along the wire. The field, over the
    box's pixels, has mean 0 and standard deviation 1, varies over `scale_nm` across the particle's
    long axis (that of its projection's second moments) and over twelve times that along it.
    voxels: the particle's own along z, over the same pixels.
    """
    for label, (z0, z1, y0, y1, x0, x1) in enumerate(view.boxes.tolist(), start=1):
        if z0 == z1:
            continue
        voxels = np.zeros((y1 - y0, x1 - x0), np.int32)
        _count_along_z(view.labels[z0:z1, y0:y1, x0:x1], label, voxels)
        rows, columns = np.nonzero(voxels)
        angle = 0.0
        if len(rows) > 2:
            (yy, xy), (_, xx) = np.cov(np.stack([rows, columns]))
            angle = 0.5 * np.arctan2(2 * xy, xx - yy)
        y, x = np.ogrid[: y1 - y0, : x1 - x0]
        across = (y * np.cos(angle) - x * np.sin(angle)) * voxel_size_nm / scale_nm
        along = (y * np.sin(angle) + x * np.cos(angle)) * voxel_size_nm / (12 * scale_nm)
        across, along = across - across.min(), along - along.min()
        size = (int(along.max()) + 2, int(across.max()) + 2)
        field = ndimage.map_coordinates(
            rng.standard_normal(size), [along, across], order=3, mode="nearest"
        )
        yield label, (slice(y0, y1), slice(x0, x1)), field, voxels


def striated_thickness_nm(
    view: View, voxel_size_nm: float, amount: float, scale_nm: float, rng: np.random.Generator
) -> np.ndarray:
    """Projected thickness (Y, X) in nm of particles of uneven thickness (relative `amount`)."""
    if amount <= 0:
        return view.thickness * float(voxel_size_nm)
    total = np.zeros(view.thickness.shape)
    for _, box, field, voxels in striations(view, scale_nm, voxel_size_nm, rng):
        total[box] += voxels * np.maximum(1 + amount * field, 0.0)
    return total * float(voxel_size_nm)
