"""Units of length."""

import pytest

from synthwire.io.units import nanometres


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


@pytest.mark.parametrize("unit", ["pixel", "", "NM", "inch", None, 3])
def test_what_is_no_length(unit):
    assert nanometres(unit) is None
