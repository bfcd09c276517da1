"""What centre-lines are made of: rays, fits, depths."""

import numpy as np
import pytest
from scipy import ndimage

from synthwire.particles import tracing


def blobs(seed, size=60):
    """A mask of blobs of 2 to 6 px, with a margin."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((size, size + 10), bool)
    inner = mask[1:-1, 1:-1]
    inner[:] = ndimage.gaussian_filter(rng.normal(size=inner.shape), 1 + seed % 3) > 0
    return mask


def followed(mask, point, direction, most, gap):
    """What `rays` finds in one direction, step by step."""

    def value(distance):
        x, y = point + distance * direction - 0.5
        return ndimage.map_coordinates(mask * 1.0, [[y], [x]], order=1)[0]

    edge, before, inside = 0.0, value(0.0), True
    if before < 0.5:
        return 0.0
    for distance in np.arange(tracing.RAY_STEP, most + tracing.RAY_STEP, tracing.RAY_STEP):
        here = value(distance)
        if inside and here < 0.5:
            edge = distance - tracing.RAY_STEP * (0.5 - here) / (before - here)
            inside = False
        elif here >= 0.5:
            inside = True
        elif not inside and distance - edge > gap:
            return edge
        before = here
    return most if inside else edge


@pytest.mark.parametrize("seed", range(3))
def test_rays_end_where_the_mask_does_for_longer_than_a_gap(seed):
    mask = blobs(seed)
    rng = np.random.default_rng(seed)
    points = rng.uniform(5, 55, (40, 2))
    angles = rng.uniform(0, 2 * np.pi, 40)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for gap, near in ((1.5, 3.0), (5.0, 100.0)):
        found = tracing.rays(mask, points, directions, 40.0, gap, near)
        pairs = zip(points, directions, strict=True)
        assert found == pytest.approx([followed(mask, *pair, 40.0, gap) for pair in pairs])


def test_what_depth_tells_to_be_clear_is_clear():
    mask = blobs(2)
    depth = tracing.depths(mask)
    exact = ndimage.distance_transform_edt(mask)
    assert (depth <= exact).all() and (depth >= 0.7 * exact).all()
    clear = tracing.clearance(depth)
    rows, columns = np.nonzero(clear)
    assert len(rows)
    for angle in np.linspace(0, 2 * np.pi, 12):
        for corner in np.ndindex(2, 2):
            x = columns + corner[0] + clear[rows, columns] * np.cos(angle) - 0.5
            y = rows + corner[1] + clear[rows, columns] * np.sin(angle) - 0.5
            assert ndimage.map_coordinates(mask * 1.0, [y, x], order=1).min() > 0.999


@pytest.mark.parametrize("hidden", [0, 10])
def test_a_parabola_is_fitted_with_itself_even_where_a_part_is_hidden(hidden):
    t = np.arange(100.0)
    points = np.stack([t, t**2 / 400], axis=1)
    weights = np.ones(100)
    weights[30 : 30 + hidden] = 0
    smooth, tangents, curvatures = tracing.fit(points, weights, 1.0, 4.0)
    assert smooth == pytest.approx(points, abs=1e-6)
    slope = t / 200
    expected = np.stack([np.ones(100), slope], axis=1) / np.hypot(1, slope)[:, None]
    assert tangents == pytest.approx(expected, abs=1e-6)
    assert curvatures == pytest.approx((1 / 200) / np.hypot(1, slope) ** 3, abs=1e-6)


@pytest.mark.parametrize("count", [1, 2])
def test_a_straight_line_is_fitted_to_two_points_and_none_to_one(count):
    points = np.array([[1.0, 2.0], [4.0, 6.0]])[:count]
    smooth, tangents, curvatures = tracing.fit(points, np.ones(count), 5.0, 5.0)
    assert smooth == pytest.approx(points, abs=1e-9)
    assert tangents == pytest.approx(np.array([[0.6, 0.8]] * 2 if count == 2 else [[0.0, 0.0]]))
    assert curvatures == pytest.approx(np.zeros(count), abs=1e-9)


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.5, -2.5])
def test_what_is_hidden_of_an_arc_is_laid_on_it(turn):
    t = np.linspace(0, turn, 101) if turn else np.zeros(101)
    radius = 50 / turn if turn else 1.0
    directions = np.stack([np.cos(t), np.sin(t)], axis=1)
    points = radius * np.stack([np.sin(t), 1 - np.cos(t)], axis=1)
    if not turn:
        points = np.stack([np.linspace(0, 50, 101), np.zeros(101)], axis=1)
    valid = np.ones(101, dtype=bool)
    valid[20:45] = valid[50:80] = False
    hidden = np.where(valid[:, None], points, 7.0)
    found = tracing.bridged(hidden, directions, valid)
    assert found == pytest.approx(points, abs=0.02)
    assert (found[valid] == points[valid]).all()
