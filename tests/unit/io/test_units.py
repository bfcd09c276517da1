"""Units of length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwire.io.units import decode, length_nm, nanometres, number


@pytest.mark.parametrize(
    ("unit", "size"),
    [
        ("nm", 1),
        ("µm", 1000),
        ("μm", 1000),  # the Greek letter
        ("\\u00B5m", 1000),  # so ImageJ escapes µm
        ("\\u00b5m", 1000),
        ("micron", 1000),
        ("m", 1e9),
        ("Å", 0.1),
    ],
)
def test_lengths(unit, size):
    assert nanometres(unit) == size


SPELLINGS = {
    1e3: [
        "um", "UM", "Um", " um ", "um\0", "\u00b5m", "\u03bcm", "\u00b5", "MICRON", "Microns",
        "micrometer", "Micrometers", "micrometre", "micrometres", "micro-meter", "micro meters",
        "\u00b5meter", "umeters", "mu",
        "\\u00b5m", "\\u03BCm", "&#181;m", "&micro;m", "um/px", "\u00b5m/pixel", "um per pixel",
        "\u00b5m".encode("utf-8").decode("latin-1"), "\u03bcm".encode("utf-8").decode("cp1252"),
        "\u00b5m".encode(), b"\xb5m", "\ufffdm", "[um]", "(\u00b5m)", "\u339b",
        "\u043c\u043a\u043c", "Mikrometer", "microm\u00e8tres", "\u5fae\u7c73", "um/voxel",
    ],
    1.0: [
        "NM", "Nm", "nanometer", "nanometers", "Nanometres", "nm/px", "nm / pixels", "nm.", b"nm",
        "\u043d\u043c", "nanom\u00e8tre", "\u7eb3\u7c73",
    ],
    0.1: [
        "\u00c5", "\u212b", "A\u030a", "\\u00C5", "\\u212B", "Angstrom", "Angstroms", "ANGSTROMS",
        "Ang", "\u00c5ngstr\u00f6m", "\u00c5".encode().decode("cp1252"), "A", b"\xc5",
    ],
    1e-3: ["pm", "PM", "picometers"],
    1e6: ["mm", "MM", "millimetre"],
    1e7: ["cm", "Centimeters"],
    1e9: ["m", "meter", "Metres"],
    2.54e7: ["in", "inch", "Inches"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "size"), [(unit, size) for size, units in SPELLINGS.items() for unit in units]
)
def test_units_in_any_spelling(unit, size):
    assert nanometres(unit) == size


@pytest.mark.parametrize(
    "unit",
    [
        "pixel",
        "pixels",
        "px",
        "",
        None,
        3,
        "reference frame",
        "1/nm",
        "px/um",
        "nm2",
        "s",
        "ms",
        "eV",
    ],
)
def test_what_is_no_length(unit):
    assert nanometres(unit) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_texts_of_any_encoding(encoding):
    assert decode("PixelSize=1.5 \u00b5m".encode(encoding)) == "PixelSize=1.5 \u00b5m"
    assert decode("1 \u00b5m".encode("cp1252")) == "1 \u00b5m"


@given(st.floats(1e-6, 1e6))
def test_numbers_have_a_point_or_a_comma(value):
    text = f"{value:.6e}"
    assert number(text) == number(text.replace(".", ",")) == float(text)


def test_a_comma_that_may_part_thousands_is_no_number():
    with pytest.raises(ValueError, match=r"may be 1000 or 1\.000"):
        number("1,000", typed=True)
    with pytest.raises(ValueError, match=r"may be 1000 or 1\.000"):
        length_nm("1,000 nm", typed=True)
    assert number("9,921") == length_nm("9,921 nm") == 9.921  # as an instrument writes it
    assert number("0,006") == 0.006 and number("1,0005") == 1.0005
    for text in ("", "one", "1.2.3", "1,2,3", "nan", "-1"):
        with pytest.raises(ValueError, match="no number"):
            number(text)


def test_lengths_as_texts():
    assert length_nm("833.3 pm") == 0.8333
    assert length_nm("1,25\u00b5m") == 1250
    assert length_nm("9.5", "nm") == length_nm("9.5 nm", "um") == 9.5
    for text in ("9.5", "9.5 px", "nm", ""):
        with pytest.raises(ValueError, match="no length"):
            length_nm(text)
