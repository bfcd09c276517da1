"""Widths by what an image shows across a wire."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from wire_shapes import wire

from synthwire.particles.centrelines import measure_line, trace
from synthwire.particles.profile_widths import add_profile_widths, profile_widths


def seen(density, blur, rng, noise=6):
    image = 180 * gaussian_filter(density, blur) + 30 + rng.normal(0, noise, density.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def round_wire(length, width, **more):
    """Mask and projected thickness of a round wire, from 0 to 1."""
    mask, points = wire(length, width, **more)
    rows, columns = np.indices(mask.shape)
    centres = np.stack([columns, rows], axis=-1)[mask] + 0.5
    distance = np.min(np.hypot(*(centres[:, None] - points[None, ::10]).transpose(2, 0, 1)), axis=1)
    density = np.zeros(mask.shape)
    density[mask] = np.sqrt(np.maximum(0, 1 - (2 * distance / width) ** 2))
    return mask, density


@pytest.mark.parametrize("width", [5, 8, 15, 30, 60])
@pytest.mark.parametrize("turn", [0.0, 1.0])
def test_a_flat_wire_is_as_wide_as_its_mask(width, turn):
    rng = np.random.default_rng(width)
    mask, _ = wire(8 * width, width, turn=turn)
    line = add_profile_widths(trace(mask), seen(mask * 1.0, 1.0, rng))
    assert abs(measure_line(line).fwhm - width) < max(1.0, 0.05 * width)
    assert np.isfinite(line.profile_widths).sum() > 0.7 * len(line.points)


@pytest.mark.parametrize("width", [10, 20, 60])
def test_a_round_wire_is_wide_at_half_its_thickness(width):
    mask, density = round_wire(6 * width, width, turn=0.5)
    found = profile_widths(seen(density, 1.0, np.random.default_rng(1)), trace(mask))
    assert np.nanmean(found) == pytest.approx(np.sqrt(3) / 2 * width, abs=max(1, 0.05 * width))


def test_the_mask_does_not_decide():
    """A mask that is 4 px too wide, and one that is 4 px too narrow, give the same width."""
    image = seen(wire(160, 16)[0] * 1.0, 1.0, np.random.default_rng(2))
    line = trace(wire(160, 16)[0])
    for change in (-4, 4):
        rows, columns = np.indices(image.shape)
        start, end = line.points[0], line.points[-1]
        direction = (end - start) / np.hypot(*(end - start))
        across = (columns + 0.5 - start[0]) * direction[1] - (rows + 0.5 - start[1]) * direction[0]
        along = (columns + 0.5 - start[0]) * direction[0] + (rows + 0.5 - start[1]) * direction[1]
        mask = (np.abs(across) < (16 + change) / 2) & (along > 0) & (along < 160)
        assert np.nanmean(profile_widths(image, trace(mask))) == pytest.approx(16, abs=0.5)


def test_where_another_wire_crosses_there_is_no_width():
    mask, points = wire(200, 12)
    density = mask.astype(float)
    x = int(points[len(points) // 2][0])
    density[:, x - 8 : x + 8] += 1
    image = seen(density, 1.0, np.random.default_rng(3), noise=2) // 2
    found = profile_widths(image, trace(mask))
    near = np.abs(trace(mask).points[:, 0] - x) < 5
    assert np.isnan(found[near]).all()
    assert np.nanmean(found) == pytest.approx(12, abs=1)


def test_without_contrast_there_is_none():
    mask, _ = wire(60, 10)
    assert np.isnan(profile_widths(np.zeros(mask.shape, np.uint8), trace(mask))).all()
