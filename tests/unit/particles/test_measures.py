"""Measures of masks against analytic rectangles and arcs."""

import math

import numpy as np
import pytest

from synthwire.particles.measures import measure_mask


def slanted_rectangle(length, width, degrees, centre=(110.3, 109.8), size=(220, 220)):
    """Pixels whose centres lie in the rectangle; angles counter-clockwise as seen."""
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x, y = columns - centre[0], centre[1] - rows
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along, across = x * cosine + y * sine, y * cosine - x * sine
    return (abs(along) <= length / 2) & (abs(across) <= width / 2)


@pytest.mark.parametrize(("length", "width"), [(150, 10), (100, 4), (60, 20), (80, 30)])
@pytest.mark.parametrize("start", [0.0, 0.37])
def test_rectangles_at_all_angles(length, width, start):
    rng = np.random.default_rng(5)
    differences = []
    for degrees in np.arange(start, 180, 1):
        centre = 110 + rng.uniform(-1, 1, 2)
        found = measure_mask(slanted_rectangle(length, width, degrees, centre))
        turn = abs(found.orientation - degrees)
        assert min(turn, 180 - turn) < 1, degrees
        assert abs(found.length - length) <= 1 + 1e-9, degrees
        assert abs(found.width - width) <= 1 + 1e-9, degrees
        assert found.aspect_ratio == found.length / found.width
        assert 0 <= found.orientation < 180
        differences.append((found.length - length, found.width - width))
    # nor is there a lean to one side, which would shift every width in a real image
    assert np.all(np.abs(np.mean(differences, axis=0)) < 0.1)


@pytest.mark.parametrize(("width", "height"), [(10, 3), (3, 10), (7, 1), (1, 1), (12, 12)])
def test_rectangles_of_whole_pixels_are_exact(width, height):
    mask = np.zeros((20, 30), dtype=bool)
    mask[2 : 2 + height, 5 : 5 + width] = True
    found = measure_mask(mask)
    assert found.area == width * height
    assert (found.length, found.width) == (max(width, height), min(width, height))
    if width != height:
        assert found.orientation == (0 if width > height else 90)


def test_orientation_is_counter_clockwise_as_seen():
    falling = np.eye(30, dtype=bool)  # from top left to bottom right
    assert measure_mask(falling).orientation == pytest.approx(135)
    assert measure_mask(falling[:, ::-1]).orientation == pytest.approx(45)
    assert measure_mask(falling).width == 1
    assert measure_mask(falling).length == pytest.approx(29 * math.sqrt(2) + 1, abs=0.5)


def test_an_empty_mask_has_no_measures():
    found = measure_mask(np.zeros((5, 5), dtype=bool))
    assert found.area == 0
    assert math.isnan(found.length) and math.isnan(found.orientation)


def test_holes_and_separate_parts_do_not_disturb():
    mask = np.zeros((30, 60), dtype=bool)
    mask[10:20, 5:50] = True
    mask[12:15, 20:30] = False  # where another particle lies on top
    found = measure_mask(mask)
    assert (found.length, found.width) == (45, 10)
    assert found.area == 45 * 10 - 30


@pytest.mark.parametrize(("length", "width"), [(150, 10), (60, 20), (30, 10), (100, 4)])
def test_perimeter_of_rectangles_at_all_angles(length, width):
    true = 2 * (length + width)
    ratios = [
        measure_mask(slanted_rectangle(length, width, degrees)).perimeter / true
        for degrees in np.arange(0, 180, 3)
    ]
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)
    assert min(ratios) > 0.91 and max(ratios) < 1.05


def test_solidity():
    for degrees in (0, 13, 45, 77):
        # convex up to the pixels of its own hull
        assert measure_mask(slanted_rectangle(100, 6, degrees)).solidity > 0.98
    assert measure_mask(np.ones((4, 9), dtype=bool)).solidity == 1
    assert measure_mask(np.eye(12, dtype=bool)).solidity == 1
    corner = np.zeros((20, 20), dtype=bool)
    corner[:, :2] = corner[:2, :] = True
    # the hull runs straight from one tip to the other
    rows, columns = np.mgrid[:20, :20]
    inside = (rows + columns <= 20).sum()
    assert measure_mask(corner).solidity == pytest.approx(corner.sum() / inside)


def arc(radius, degrees, width, turn):
    """A wire bent along a circle over that many degrees, its middle in the direction `turn`."""
    rows, columns = np.mgrid[:400, :400] + 0.5
    x, y = columns - 200, 200 - rows
    distance, direction = np.hypot(x, y), np.degrees(np.arctan2(y, x)) - turn
    direction = (direction + 180) % 360 - 180
    return (abs(distance - radius) <= width / 2) & (abs(direction) <= degrees / 2)


@pytest.mark.parametrize(("radius", "degrees"), [(180, 30), (120, 45), (100, 60), (60, 90)])
def test_curvature_of_arcs(radius, degrees):
    for turn in (0, 31, 90, 200):
        found = measure_mask(arc(radius, degrees, 6, turn))
        assert found.curvature == pytest.approx(1 / radius, rel=0.2)
        along = (turn + 90) % 180
        turned = abs(found.orientation - along)
        assert min(turned, 180 - turned) < 1.5


def test_straight_particles_have_no_curvature():
    for degrees in np.arange(0, 180, 7):
        found = measure_mask(slanted_rectangle(100, 6, degrees))
        assert found.curvature < 1 / 5000
    assert measure_mask(np.ones((1, 2), dtype=bool)).curvature == 0
    assert measure_mask(np.ones((1, 1), dtype=bool)).curvature == 0
