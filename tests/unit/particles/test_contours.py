"""Contours of masks whose shape is known."""

import numpy as np
import pytest
from wire_shapes import wire

from synthwire.io.masks import encode_mask
from synthwire.particles.contours import CONTOUR_COLUMNS, contour_table, contours_of


def disc(radius, size=100, hole=0.0):
    rows, columns = np.indices((size, size)) + 0.5
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return (distance < radius) & (distance >= hole)


@pytest.mark.parametrize("radius", [6, 12, 40])
def test_a_disc_has_its_circumference_and_area(radius):
    (contour,) = contours_of(disc(radius))
    assert contour.length == pytest.approx(2 * np.pi * radius, rel=0.01)
    assert contour.area == pytest.approx(np.pi * radius**2, rel=0.03)
    distance = np.hypot(*(contour.knots - 50).T)
    assert np.abs(distance - radius).max() < 0.7


def test_a_slanted_wire_is_as_long_around_as_it_is():
    """Its outline in steps of pixels is a fifth longer; its corners are rounded."""
    mask, _ = wire(120, 12, angle=0.5)
    (contour,) = contours_of(mask)
    assert contour.length == pytest.approx(2 * 132, rel=0.02)
    assert contour.area == pytest.approx(mask.sum(), rel=0.01)


def test_holes_and_parts_are_rings_of_their_own_in_the_images_place():
    mask = disc(40, hole=15)
    mask[2:8, 2:40] = True
    outer, hole, _bar = contours_of(mask, left=1000, top=500)
    assert outer.area > 0 > hole.area
    assert hole.length == pytest.approx(2 * np.pi * 15, rel=0.02)
    assert outer.knots.mean(axis=0) == pytest.approx([1050, 550], abs=0.5)
    table = contour_table({7: encode_mask(mask), 9: encode_mask(mask & False)})
    assert list(table.columns) == list(CONTOUR_COLUMNS)
    assert set(table["id"]) == {7} and table["ring"].nunique() == 3
    assert contours_of(np.eye(3, dtype=bool) & False) == []
    assert not len(contours_of(disc(1)))  # smaller than what is smoothed
