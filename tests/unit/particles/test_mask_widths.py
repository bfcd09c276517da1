"""Widths of masks that nobody decodes, against those of rectangles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.io.masks import encode_mask
from synthwire.particles.widths import widths_px

SIDE = 640


def rectangle(length: float, width: float, angle: float) -> np.ndarray:
    """Mask (SIDE, SIDE) of a rectangle in the middle; pixels whose middle lies in it."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (np.abs(along) < length / 2) & (-width / 2 < across) & (across <= width / 2)


@settings(max_examples=40, deadline=None)
@given(st.floats(6, 60), st.floats(1, 8), st.floats(0, math.pi))
def test_the_width_of_a_rectangle_comes_from_its_area_and_its_box(width, ratio, angle):
    mask = rectangle(ratio * width, width, angle)
    (found,) = widths_px([{"segmentation": encode_mask(mask)}])
    if ratio > 3:
        assert found == pytest.approx(width, rel=0.1, abs=1.5)
    else:  # a box hardly tells a short slanted rectangle from a square of the same area
        assert 0.9 * width - 1.5 <= found <= np.sqrt(ratio) * width * 1.1 + 1.5


def test_widths_of_nothing():
    assert widths_px([]).shape == (0,)
    assert widths_px([{"segmentation": encode_mask(np.zeros((9, 9), dtype=bool))}]).tolist() == [0]
