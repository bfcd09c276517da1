"""Rims and lines that are no picture, and grounds that are one although they are black."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from synthwire.io.recordings.blank import without_blank, without_dark_lines
from synthwire.io.recordings.recording import Recording

RNG = np.random.default_rng(3)
COUNTS = RNG.poisson(900, (120, 160)).astype(np.uint16)


def valid_of(page, **more):
    found = without_blank(Recording(page[None], **more))
    assert (found.valid is None) == (found.remarks == ())
    return None if found.valid is None else found.valid[0]


@pytest.mark.parametrize("value", [0, np.nan])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("end", [1, -1])
@given(kept=st.integers(10, 118))
@settings(max_examples=15, deadline=None)
def test_lines_that_a_scan_did_not_reach(value, axis, end, kept):
    page = COUNTS.astype(np.float32)
    truth = np.zeros(page.shape, bool)
    lines = (slice(kept), slice(None)) if axis == 0 else (slice(None), slice(kept))
    truth[lines] = True
    page[~truth] = value
    found = valid_of(page[::end, ::end])
    np.testing.assert_array_equal(found, truth[::end, ::end])


def test_a_line_that_was_begun():
    page = COUNTS.copy()
    page[70, 50:] = 0
    page[71:] = 0
    found = valid_of(page)
    assert not found[71:].any() and found[:70].all() and found[70, :50].all()


@pytest.mark.parametrize("degrees", [-12, -3, 4, 7, 20])
def test_the_rim_of_a_turned_image(degrees):
    truth = ndimage.rotate(np.ones(COUNTS.shape), degrees, reshape=False, order=0) > 0
    page = np.where(truth, ndimage.rotate(COUNTS, degrees, reshape=False, order=1), 0)
    found = valid_of(page.astype(np.uint16))
    assert (found != truth).mean() < 0.01


@pytest.mark.parametrize("shift", [(9, 0), (0, -7), (5, 8), (-6, 4)])
def test_the_rim_of_a_shifted_image(shift):
    page = ndimage.shift(COUNTS, shift, order=0)
    truth = ndimage.shift(np.ones(COUNTS.shape), shift, order=0) > 0
    np.testing.assert_array_equal(valid_of(page), truth)


def test_nan_within_is_no_picture_either():
    page = COUNTS.astype(float)
    page[40:44, 50:60] = np.nan
    np.testing.assert_array_equal(valid_of(page), np.isfinite(page))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("filling", [-3.4028235e38, 3.40282e38])
def test_the_greatest_float_stands_for_no_number(dtype, filling):
    page = COUNTS.astype(dtype)
    page[40:44, 50:60] = filling
    np.testing.assert_array_equal(valid_of(page), np.abs(page) < 1e38)


def rods(number, half=6.0, ground=0.0):
    """Soft-edged rods of 255 on a ground, some cut by the border."""
    y, x = np.mgrid[:120, :160]
    image = np.full((120, 160), ground)
    for _ in range(number):
        cx, cy, turn = RNG.uniform(0, 160), RNG.uniform(0, 120), RNG.uniform(0, np.pi)
        along = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        across = -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
        profile = np.sqrt(np.clip(1 - (across / half) ** 2, 0, 1)) * (abs(along) < 50)
        image = np.maximum(image, 255 * profile)
    return image


@pytest.mark.parametrize("number", [1, 2, 5, 12])
@pytest.mark.parametrize("repeat", range(4))
def test_a_ground_of_zeros_is_picture(number, repeat):
    assert valid_of(rods(number).astype(np.uint8)) is None


def test_one_thick_particle_on_zeros_is_picture():
    page = np.zeros((120, 160), np.uint8)
    page[20:100, 15:145] = 200
    assert valid_of(page) is None


def test_a_ground_that_is_clipped_at_zero_is_picture():
    page = np.clip(RNG.normal(-5, 10, (120, 160)), 0, 255) + rods(5)
    assert valid_of(page.clip(0, 255).astype(np.uint8)) is None


@pytest.mark.parametrize("reach", [30, 50, 70])
def test_a_black_rod_across_a_corner_is_a_particle(reach):
    y, x = np.mgrid[:120, :160]
    depth = (reach - (x + y) / np.sqrt(2)).clip(0, 12)  # it darkens over some pixels
    page = np.clip(200 - 25 * depth + RNG.normal(0, 4, (120, 160)), 0, 255)
    page[depth > 8] = 0
    assert valid_of(page.astype(np.uint8)) is None


def test_images_without_any_zero_and_masks_stay():
    assert valid_of(COUNTS) is None
    assert valid_of(COUNTS > 900) is None
    assert valid_of(np.zeros((20, 30), np.uint8)) is None


def test_colours_have_rims_where_all_channels_are_black():
    page = np.dstack([COUNTS // 10, COUNTS // 9, COUNTS // 8]).astype(np.uint8)
    page[100:] = 0
    assert not valid_of(page)[100:].any() and valid_of(page)[:100].all()


def test_pages_that_a_scan_over_energies_never_reached_are_left_out():
    pages = np.stack([COUNTS, COUNTS + 1, 0 * COUNTS, 0 * COUNTS])
    found = without_blank(Recording(pages, energies_ev=(500.0, 501.0, 502.0, 503.0)))
    np.testing.assert_array_equal(found.pages, pages[:2])
    assert found.energies_ev == (500.0, 501.0) and found.valid is None
    assert found.remarks == ("2 of 4 pages are empty and left out",)


def test_transparent_rims_are_no_picture_and_half_transparent_images_stay():
    rgba = np.dstack([COUNTS // 10] * 3 + [np.full_like(COUNTS, 255)]).astype(np.uint8)
    rgba[100:, :, 3] = 0
    found = without_blank(Recording(rgba[None]))
    np.testing.assert_array_equal(found.pages, rgba[None, ..., :3])
    assert found.valid[0, :100].all() and not found.valid[0, 100:].any()
    rgba[50, :, 3] = 90
    assert without_blank(Recording(rgba[None])).pages.shape == (1, 120, 160, 4)
    rgba[..., 3] = 255
    assert without_blank(Recording(rgba[None])).pages.shape == (1, 120, 160, 4)


@pytest.mark.parametrize("value", [-1, 65535, 902, 7])
@pytest.mark.parametrize("end", [1, -1])
def test_lines_filled_with_any_number(value, end):
    page = COUNTS.astype(np.int32)
    page[90:] = value
    page[89, 50:] = value  # begun
    expected = np.ones(page.shape, bool)
    expected[90:] = expected[89, 50:] = False
    found = valid_of(page[::end])[::end]
    assert (found == expected).mean() > 0.999  # beside 902 some of the picture has it, too
    np.testing.assert_array_equal(valid_of(page[::end].T), found[::end].T)


@pytest.mark.parametrize("angle", [7, 44])
@pytest.mark.parametrize("filling", [0, 255, 131])
def test_rims_of_a_turned_image_in_any_grey(angle, filling):
    rng = np.random.default_rng(0)
    page = rng.normal(130, 20, (120, 160)).clip(1, 254).round()
    shown = ndimage.rotate(np.ones(page.shape), angle, order=0) > 0.5
    turned = np.where(shown, ndimage.rotate(page, angle, order=1), filling).astype(np.uint8)
    found = valid_of(turned)
    assert (found == shown).mean() > 0.99


def test_what_is_saturated_in_a_corner_is_picture():
    y, x = np.mgrid[:120, :160]
    charged = 100 + 250 * np.exp(-(x**2 + y**2) / 2e3) + RNG.normal(0, 4, (120, 160))
    assert valid_of(charged.clip(0, 255).astype(np.uint8)) is None


def test_a_frame_around_the_picture():
    page = np.pad(COUNTS, ((20, 30), (25, 10)), constant_values=1500)
    expected = np.pad(np.ones(COUNTS.shape, bool), ((20, 30), (25, 10)))
    np.testing.assert_array_equal(valid_of(page), expected)


def test_the_picture_in_a_screenshot_has_a_frame_below_a_bar_of_another_colour():
    page = np.full((200, 230), 240, np.uint8)
    page[:30] = 120
    page[40:160, 30:190] = COUNTS // 6
    expected = np.zeros(page.shape, bool)
    expected[40:160, 30:190] = True
    np.testing.assert_array_equal(valid_of(page), expected)


def test_a_ground_of_one_number_is_picture():
    page = np.full((200, 160), 255, np.uint8)
    page[30:60, 20:140] = page[100:130, 40:90] = 20
    assert valid_of(page) is None
    assert valid_of(np.minimum(COUNTS, 900)) is None  # saturated, but here and there


def test_lines_without_intensity_are_no_specimen():
    page = COUNTS.astype(np.int32)
    page[40:42] = 0
    page[:, 7] = -3
    page[80, :30] = 0  # dense, for a while
    assert valid_of(page) is None  # of an optical density they might be
    found = without_dark_lines(Recording(page[None]))
    expected = np.ones(page.shape, bool)
    expected[40:42] = expected[:, 7] = False
    np.testing.assert_array_equal(found.valid[0], expected)
    assert "3 lines within the image" in found.remarks[0]
    untouched = Recording(COUNTS[None])
    assert without_dark_lines(untouched) is untouched


def disc(radius, shape=(120, 160), *, off=(0, 0)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(y - shape[0] / 2 - off[0], x - shape[1] / 2 - off[1]) < radius


@pytest.mark.parametrize("radius", [40, 55, 75])
@pytest.mark.parametrize("soft", [0, 1.5])
@pytest.mark.parametrize("level", [0, 18, 250])
def test_a_round_field_of_view(radius, soft, level):
    field = disc(radius, off=(3, -5))
    page = np.clip(160 - 0.4 * rods(2) + RNG.normal(0, 6, field.shape), 1, 249)
    share = ndimage.gaussian_filter(field.astype(float), soft)
    found = valid_of((page * share + level * (1 - share)).astype(np.uint8))
    assert not found[~disc(radius + 2, off=(3, -5))].any()
    assert found[disc(radius - 5, off=(3, -5))].all()


@pytest.mark.parametrize("level", [0, 240, 255])
@pytest.mark.parametrize("quality", [None, 95, 75])
@pytest.mark.parametrize("negative", [False, True])
def test_a_picture_on_a_slide_that_was_saved_as_jpeg(level, quality, negative):
    grey = np.clip(70 + 0.5 * rods(4) + RNG.normal(0, 6, (120, 160)), 1, 254)
    page = np.full((180, 240), level, np.uint8)
    page[33:153, 50:210] = 255 - grey if negative else grey
    expected = np.zeros(page.shape, bool)
    expected[33:153, 50:210] = True
    if quality is not None:
        content = io.BytesIO()
        Image.fromarray(page).save(content, "JPEG", quality=quality)
        page = np.asarray(Image.open(content))
    assert (valid_of(page) != expected).mean() < 0.01


def test_one_thick_particle_with_noise_is_picture():
    page = np.full((120, 160), 30.0)
    page[20:100, 15:145] = 200
    assert valid_of((page + RNG.normal(0, 5, page.shape)).astype(np.uint8)) is None


def test_darker_corners_and_a_heap_of_rods_are_picture():
    y, x = np.mgrid[:120, :160]
    lens = np.exp(-((y - 60) ** 2 + (x - 80) ** 2) / 3e3)
    assert (
        valid_of((190 * lens + RNG.normal(4, 1, lens.shape)).clip(0, 255).astype(np.uint8)) is None
    )
    heap = np.zeros(lens.shape)
    for turn in np.arange(0, np.pi, np.pi / 12):
        across = abs((y - 60) * np.cos(turn) - (x - 80) * np.sin(turn))
        heap = np.maximum(heap, 200.0 * ((across < 3) & disc(50)))
    page = heap + RNG.normal(20, 2, heap.shape)
    assert valid_of(page.clip(0, 255).astype(np.uint8)) is None


def as_jpeg(page, quality=85):
    content = io.BytesIO()
    Image.fromarray(page.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


GRAIN = 90 + np.random.default_rng(5).normal(0, 9, (300, 400))


@pytest.mark.parametrize("filling", [0, 128, 255])
@pytest.mark.parametrize("kept", [61, 203])
def test_lines_that_a_scan_did_not_reach_in_a_jpeg(filling, kept):
    page = GRAIN.copy()
    page[kept:] = filling
    found = valid_of(as_jpeg(page))
    assert found[: kept - 4].all() and not found[kept + 7 :].any()


@pytest.mark.parametrize("filling", [0, 255])
@pytest.mark.parametrize("degrees", [-5, 3, 8])
def test_the_rim_of_a_turned_image_in_a_jpeg(degrees, filling):
    truth = ndimage.rotate(np.ones(GRAIN.shape), degrees, order=0) > 0
    page = ndimage.rotate(GRAIN, degrees, order=1, cval=filling)
    assert (valid_of(as_jpeg(page)) != truth).mean() < 0.03


@pytest.mark.parametrize("number", [1, 4, 12])
def test_rods_on_a_plain_ground_in_a_jpeg_are_picture(number):
    for ground in (0.0, 40.0):
        assert valid_of(as_jpeg(rods(number, ground=ground))) is None
        assert valid_of(as_jpeg(255 - rods(number, ground=ground))) is None
