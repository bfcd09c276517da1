"""Scale bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.figures.kit import layout, scales


@settings(deadline=None)
@given(st.floats(1e-3, 1e7))
def test_scale_bar_length_is_round_and_fits(target):
    length = scales.round_length(target)
    assert target / 2.5 <= length <= target * (1 + 1e-6)
    digits = f"{length:.6e}".rstrip("0")
    assert digits[0] in "125" and float(digits.split("e")[0].rstrip(".") or 1) in (1, 2, 5)


def test_scale_bar_spans_the_right_number_of_pixels():
    _, axes = layout.image_grid([[1.0]], width_mm=60)
    ax, pixels = axes[0][0], np.zeros((100, 200), dtype=np.uint8)
    layout.show_image(ax, pixels)
    length = scales.scale_bar(ax, pixels, [50.0, 8.0])  # the bar lies across: 8 nm a pixel
    x = ax.lines[0].get_xdata()
    assert length == 200 and (x[1] - x[0]) * 200 * 8 == pytest.approx(length)
    assert ax.texts[0].get_text() == "200 nm"
    assert ax.get_xlim() == (0, 200) and ax.get_ylim() == (100, 0)


@pytest.mark.parametrize("bright", ["left", "right"])
def test_scale_bar_lies_in_the_darker_corner(bright):
    _, axes = layout.image_grid([[1.0]], width_mm=60)
    pixels = np.zeros((80, 80), dtype=np.uint8)
    pixels[70:, slice(0, 40) if bright == "left" else slice(40, 80)] = 255
    scales.scale_bar(axes[0][0], pixels, 10.0)
    x = axes[0][0].lines[0].get_xdata()
    assert min(x) > 0.5 if bright == "left" else max(x) < 0.5


def test_scale_bar_says_when_the_pixel_size_is_assumed_and_is_absent_when_unknown():
    _, axes = layout.image_grid([[1.0, 1.0]])
    pixels = np.zeros((90, 90), dtype=np.uint8)
    assert scales.scale_bar(axes[0][0], pixels, 100.0, assumed=True) == 2000
    assert axes[0][0].texts[0].get_text() == "2 µm (assumed)"
    assert scales.scale_bar(axes[0][1], pixels, None) is None
    assert not axes[0][1].lines and not axes[0][1].texts
