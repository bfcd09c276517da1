"""Values as viewers show them: palettes, and white as zero."""

import matplotlib
import numpy as np
import pytest
from image_cases import GREY, RNG

from synthwire.io.grey import one_channel
from synthwire.io.recordings.display import as_shown
from synthwire.io.recordings.recording import Recording

RAMP = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


def shown(palette, values=GREY):
    found = as_shown(Recording(values[None], palette=palette))
    assert found.palette is None
    return found


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_white_as_zero_of_any_depth(dtype):
    level = float(np.iinfo(dtype).max)
    found = as_shown(Recording(GREY[None].astype(dtype), white_level=level)).pages
    np.testing.assert_array_equal(found, np.iinfo(dtype).max - GREY[None].astype(dtype))


def colour_map(name):
    return (255 * matplotlib.colormaps[name](np.arange(256))[:, :3]).astype(np.uint8)


def test_grey_palettes_of_either_direction():
    np.testing.assert_array_equal(shown(RAMP).pages[0], GREY)
    np.testing.assert_array_equal(shown(RAMP[::-1]).pages[0], 255 - GREY)
    deep = RAMP.astype(np.uint16) * 256 + 3
    np.testing.assert_array_equal(shown(deep).pages[0], GREY.astype(np.uint16) * 256 + 3)


@pytest.mark.parametrize("name", ["hot", "Greens_r", "viridis", "cividis_r", "inferno"])
def test_a_ramp_that_grows_brighter_or_darker_is_shown_as_it_is(name):
    found = shown(colour_map(name))
    np.testing.assert_array_equal(found.pages[0], colour_map(name)[GREY])
    assert found.remarks == ()
    levels = one_channel(found.pages[0]).astype(float)
    assert abs(np.corrcoef(levels.ravel(), GREY.ravel())[0, 1]) > 0.9


@pytest.mark.parametrize("name", ["jet", "hsv", "turbo", "gist_rainbow", "nipy_spectral"])
def test_of_false_colours_the_values_are_taken_with_a_remark(name):
    found = shown(colour_map(name))
    np.testing.assert_array_equal(found.pages[0], GREY)
    assert "false colours" in found.remarks[0]


@pytest.mark.parametrize("name", ["jet", "hsv", "turbo", "nipy_spectral", "coolwarm"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_false_colours_without_their_palette_are_said(name, kind):
    pages = colour_map(name)[GREY][None].astype(kind) * kind(np.iinfo(kind).max // 255)
    found = as_shown(Recording(pages))
    assert "rainbow" in found.remarks[0] and len(found.remarks) == 1
    np.testing.assert_array_equal(found.pages, pages)


@pytest.mark.parametrize("name", ["hot", "Greens_r", "gray", "copper"])
def test_colours_of_one_hue_need_no_word(name):
    assert as_shown(Recording(colour_map(name)[GREY][None])).remarks == ()


def test_a_palette_made_for_a_picture_has_any_order():
    order = RNG.permutation(256).astype(np.uint8)
    found = shown(RAMP[np.argsort(order)], order[GREY])
    np.testing.assert_array_equal(found.pages[0], GREY)


@pytest.mark.parametrize(
    ("dtype", "level"), [(np.uint8, 255), (np.uint16, 4095), (np.int16, -1), (np.float32, 30.5)]
)
def test_white_as_zero_is_turned_within_the_type(dtype, level):
    values = GREY.astype(dtype)
    found = as_shown(Recording(values[None], white_level=level))
    assert found.pages.dtype == dtype and found.white_level is None
    np.testing.assert_array_equal(found.pages[0].astype(float), level - GREY.astype(float))


def test_white_as_zero_of_one_bit():
    found = as_shown(Recording((GREY > 100)[None], white_level=1.0))
    np.testing.assert_array_equal(found.pages[0], GREY <= 100)
