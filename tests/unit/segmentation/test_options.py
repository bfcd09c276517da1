"""What a user may set, as text and as fields."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.errors import InputError
from synthwire.segmentation.options import parse_area, parse_pixel_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("6nm", (6, 6)),
        ("0.006um", (6, 6)),
        ("0.006 µm", (6, 6)),
        ("6.6x7.8nm", (6.6, 7.8)),
        ("6.6 × 7.8 nm", (6.6, 7.8)),
        ("1e-3um", (1, 1)),
        (".5nm", (0.5, 0.5)),
        ("2Å", (0.2, 0.2)),
        ("6,5nm", (6.5, 6.5)),
        ("6.5 nm/px", (6.5, 6.5)),
        ("6.5NM/Pixel", (6.5, 6.5)),
        ("6.5 nm per pixel", (6.5, 6.5)),
        ("0.0065 Micrometers", (6.5, 6.5)),
        ("6,6 X 7,8 nm", (6.6, 7.8)),
        ("6.6nm x 7.8nm", (6.6, 7.8)),
        ("6.6 nm/px × 0.0078 µm/px", (6.6, 7.8)),
        ("0,006UM", (6, 6)),
    ],
)
def test_pixel_sizes_as_people_write_them(text, size):
    assert parse_pixel_size(text) == pytest.approx(size)


@settings(deadline=None)
@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), st.sampled_from(["nm", "um", "pm"]))
def test_any_pixel_size_is_read_back(down, across, unit):
    factor = {"nm": 1, "um": 1e3, "pm": 1e-3}[unit]
    read = parse_pixel_size(f"{down!r}x{across!r}{unit}")
    assert read == pytest.approx((down * factor, across * factor), abs=1e-8)


@pytest.mark.parametrize("text", ["6", "nm", "0nm", "-6nm", "6x7", "6 furlong", "1e999nm", "", "x"])
def test_other_pixel_sizes_are_refused_with_an_example(text):
    with pytest.raises(InputError, match=r"as 6nm, 0\.006um, or 6\.6x7\.8nm"):
        parse_pixel_size(text)


def test_a_comma_that_may_part_thousands_is_asked_about():
    with pytest.raises(InputError, match=r"'1,000' may be 1000 or 1\.000"):
        parse_pixel_size("1,000nm")
    with pytest.raises(InputError, match=r"'1,000' may be 1000 or 1\.000"):
        parse_area("1,000px")


def test_areas():
    assert parse_area("50px") == {"min_area_px": 50}
    assert parse_area("4e3 nm2") == {"min_area_nm2": 4000}
    assert parse_area("0,25 UM²") == {"min_area_nm2": 250_000} and parse_area("5 PX")
    with pytest.raises(InputError, match="as 50px or 4000nm2"):
        parse_area("50")
