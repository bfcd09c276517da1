"""Specks: dust, salt, precipitates and out-of-focus spots, round or ragged, none of them a wire."""

from __future__ import annotations

import numpy as np

from synthwire.imaging.grounds.fields import log_uniform
from synthwire.imaging.microscopes.signal import gaussian_px, smooth_field

MOST = 400


def specks(shape: tuple[int, int], voxel_size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """Field (Y, X) of blurred, ragged spots of many sizes, brighter or darker than the ground."""
    typical = log_uniform(12, 80, rng) / voxel_size_nm
    covered = rng.uniform(0.005, 0.12)
    count = min(MOST, max(1, int(covered * shape[0] * shape[1] / (np.pi * typical**2))))
    ragged = smooth_field(shape, max(typical / 2, 0.7), rng) * rng.uniform(0, 0.35)
    mixed = rng.random() < 0.3
    field = np.zeros(shape)
    for _ in range(count):
        radius = typical * np.exp(0.5 * rng.standard_normal())
        y, x = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        reach = int(np.ceil(2.5 * radius)) + 2
        box = tuple(
            slice(max(0, int(middle) - reach), max(0, int(middle) + reach + 1)) for middle in (y, x)
        )
        rows, columns = np.ogrid[box]
        if not (rows.size and columns.size) or field[box].size == 0:
            continue
        rows, columns = rows[: field[box].shape[0]], columns[:, : field[box].shape[1]]
        away = np.hypot(rows - y, columns - x) / radius
        spot = 1 / (1 + np.exp(np.clip((away - 1 + ragged[box]) * rng.uniform(3, 20), -50, 50)))
        sign = rng.choice([-1.0, 1.0]) if mixed else 1.0
        field[box] = np.maximum(field[box], spot) if sign > 0 else field[box] - spot
    field = field * (1 if rng.random() < 0.6 else -1)
    return gaussian_px(field, rng.uniform(0, 2))
