"""Which pixel sizes are questioned, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwire.io.calibration import Found, NoPixelSize, weigh
from synthwire.io.calibration.doubts import filler, not_square, odd_field, print_resolution

SHAPE = (768, 1024)


@pytest.mark.parametrize("size", [0.1, 1e3, 1e6, 1e7, 2.54e7, 1e9])
def test_one_of_a_unit_exactly_is_a_filler(size):
    assert "converters" in filler((size, size))
    assert filler((size, 0.99 * size)) is None
    assert filler((1.001 * size, 1.001 * size)) is None


@given(st.floats(0.11, 900))
def test_sizes_of_electron_microscopes_are_believed(size):
    calibration = weigh([lambda: Found((size, size))], SHAPE)
    assert calibration.size_nm == pytest.approx((size, size))
    assert calibration.doubt is None and not calibration.remarks


@given(st.floats(5200, 1e9))
def test_no_size_makes_a_field_of_centimetres_without_a_word(size):
    calibration = weigh([lambda: Found((size, size))], SHAPE)
    assert calibration.doubt or (calibration.size_nm is None and calibration.remarks)


@given(st.floats(1e-9, 0.004))
def test_no_size_makes_a_field_of_atoms_without_a_word(size):
    assert "too small" in weigh([lambda: Found((size, size))], SHAPE).doubt


def test_the_field_is_judged_by_its_longer_side():
    assert odd_field((1000, 500), (100, 4000)) is None
    assert "100 µm × 6 mm" in odd_field((1000, 1000), (100, 6000))
    assert odd_field((0.01, 0.01), (10, 400)) is not None
    assert odd_field((0.02, 0.02), (10, 400)) is None


@given(st.sampled_from([72, 96, 150, 300, 600, 1200]), st.floats(-4e-4, 4e-4))
def test_resolutions_of_prints_are_known_with_rounded_digits(dpi, error):
    side = 2.54e7 / dpi * (1 + error)
    assert f"{dpi} dots per inch" in print_resolution((side, side))
    assert print_resolution((side * 1.01, side * 1.01)) is None


def test_pixels_that_are_not_square_are_named():
    assert not_square((6.6, 7.8)) == "pixels are not square: 6.6 nm down, 7.8 nm across"
    assert not_square((6.6, 6.61)) is None


def test_the_first_size_without_a_doubt_counts():
    def refuses():
        raise NoPixelSize("a print's")

    def fails():
        raise KeyError("PixelWidth")

    doubtful, good = (lambda: Found((1000, 1000))), (lambda: Found((4, 4)))
    assert weigh([refuses, fails, doubtful, good], SHAPE).size_nm == (4, 4)
    kept = weigh([refuses, doubtful, fails], SHAPE)
    assert kept.size_nm == (1000, 1000) and kept.doubt
    nothing = weigh([fails, refuses, refuses], SHAPE)
    assert nothing.size_nm is None and nothing.remarks == ("a print's",)
    for side in (0, -1, float("nan"), float("inf")):
        assert weigh([lambda side=side: Found((side, 4))], SHAPE).size_nm is None


def test_a_size_said_of_another_width_is_doubtful():
    assert weigh([lambda: Found((4, 4), width=1024)], SHAPE).doubt is None
    doubt = weigh([lambda: Found((4, 4), width=2048)], SHAPE).doubt
    assert "2048 pixels wide, this one has 1024" in doubt
