"""The grey 8-bit form of an image."""

import numpy as np
import pytest
from image_cases import GREY

from synthwire.errors import InputError
from synthwire.io.grey import to_grey8


def test_grey8_leaves_8_bit_grey_alone():
    np.testing.assert_array_equal(to_grey8(GREY), GREY)
    np.testing.assert_array_equal(to_grey8(np.dstack([GREY] * 3)), GREY)
    opaque = np.dstack([GREY] * 3 + [np.full_like(GREY, 255)])
    np.testing.assert_array_equal(to_grey8(opaque), GREY)


def test_grey8_of_colour_is_luminance():
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[..., 1] = 200
    np.testing.assert_array_equal(to_grey8(pixels), np.full((10, 10), 117))


def test_grey8_refuses_transparency():
    with pytest.raises(InputError, match="transparent"):
        to_grey8(np.dstack([GREY] * 4))


def test_grey8_stretches_wide_types_between_percentiles():
    ramp = np.linspace(-3.0, 5.0, 10_001).reshape(73, 137)
    grey = to_grey8(ramp)
    assert grey.min() == 0 and grey.max() == 255
    expected = np.clip((ramp + 3 - 0.008) / (8 - 0.016), 0, 1) * 255
    assert np.abs(grey - expected).max() <= 0.6


@pytest.mark.parametrize("share", [0.002, 0.015])
@pytest.mark.parametrize("spike", [0, 65535])
def test_single_hot_or_dead_pixels_shape_no_contrast(share, spike):
    rng = np.random.default_rng(0)
    picture = rng.normal(20_000, 300, (200, 300))
    picture[90:110] += 3000
    calm = to_grey8(picture.astype(np.uint16)).astype(float)
    hot = rng.random(picture.shape) < share
    grey = to_grey8(np.where(hot, spike, picture).astype(np.uint16)).astype(float)
    wire, ground = grey[90:110][~hot[90:110]].mean(), grey[:80][~hot[:80]].mean()
    assert wire - ground > 0.8 * (calm[90:110].mean() - calm[:80].mean())


@pytest.mark.parametrize("lines", [np.s_[30:33], np.s_[:, 40:42], np.s_[:, -1]])
def test_lines_of_one_value_shape_no_contrast(lines):
    picture = np.random.default_rng(0).normal(20_000, 300, (200, 300))
    picture[90:110, :200] += 3000
    expected = to_grey8(picture).astype(float)
    picture[lines] = 65535
    grey = to_grey8(picture)
    assert np.abs(grey - expected)[60:, :30].max() < 40


def test_what_is_small_but_no_single_pixel_keeps_its_contrast():
    picture = np.random.default_rng(0).normal(100, 3, (200, 300))
    picture[50:53, 20:120] = 5000  # half a percent
    grey = to_grey8(picture)
    assert grey[51, 50] == 255 and grey[100:].max() < 10


def test_grey8_of_nan_infinity_and_constants():
    values = np.linspace(0, 1, 400).reshape(20, 20)
    values[0, 0], values[5, 5], values[6, 6] = np.nan, np.inf, -np.inf
    grey = to_grey8(values)
    assert (grey[0, 0], grey[5, 5], grey[6, 6]) == (0, 255, 0)
    assert grey[10, 10] == pytest.approx(255 * values[10, 10], abs=2)
    assert not to_grey8(np.full((20, 20), 4.2)).any()
    with pytest.raises(InputError, match="finite"):
        to_grey8(np.full((20, 20), np.nan))
    with pytest.raises(InputError, match="shape"):
        to_grey8(np.zeros((3, 20, 20, 20)))
