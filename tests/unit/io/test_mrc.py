"""MRC, written here byte by byte."""

import struct

import numpy as np
import pytest
from image_cases import RNG
from microscope_files import MRC_MODES, mrc_bytes

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording

STACK = RNG.integers(-100, 100, (2, 20, 30))


def read(*arguments, name="a.mrc", **more):
    return read_recording(MemoryFile(name, mrc_bytes(*arguments, **more)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", [code for code in MRC_MODES if code != "c8"])
def test_pixels_of_every_mode_with_their_size(order, code):
    stack = (STACK + (100 if code == "u2" else 0)).astype(code)
    found = read(stack, order=order, cell=(30 * 4.0, 20 * 5.0), extended=bytes(160))
    np.testing.assert_array_equal(found.pages, stack)
    assert found.pixel_size_nm == pytest.approx((0.5, 0.4))


def test_no_cell_is_no_size():
    assert read(STACK.astype("i2")).pixel_size_nm is None
    assert read(STACK.astype("i2"), cell=(np.nan, 80.0)).pixel_size_nm is None


def test_one_angstrom_which_converters_fill_in_is_doubted():
    assert "1 Å per pixel" in read(STACK.astype("i2"), cell=(30.0, 20.0)).pixel_size_doubt


@pytest.mark.parametrize(
    ("at", "signed"),
    [
        ({}, True),
        ({"by_76": struct.pack("<2f", 0, 250)}, False),
        ({"by_76": struct.pack("<2f", -128, 127)}, True),
        ({"by_152": struct.pack("<2i", 1146047817, 0)}, False),
        ({"by_152": struct.pack("<2i", 1146047817, 1), "by_76": struct.pack("<2f", 0, 250)}, True),
    ],
)
def test_bytes_with_and_without_sign(at, signed):
    content = RNG.integers(0, 256, (1, 20, 30)).astype("u1")
    found = read(content.view("i1"), **at)
    np.testing.assert_array_equal(found.pages, content.view("i1") if signed else content)


@pytest.mark.parametrize("kind", ["u1", "i1"])
def test_bytes_without_a_range_are_read_so_that_they_are_smooth(kind):
    middle = 128 if kind == "u1" else 0
    smooth = (middle + 60 * np.sin(np.arange(600) / 9)).astype(kind).reshape(1, 20, 30)
    np.testing.assert_array_equal(read(smooth.view("i1")).pages, smooth)


def test_files_without_mark_are_told_by_their_name():
    stack = STACK.astype("f4")
    np.testing.assert_array_equal(read(stack, mark=b"").pages, stack)
    with pytest.raises(InputError, match="not an image"):
        read(stack, mark=b"", name="a.bin")


@pytest.mark.parametrize(
    ("mode", "says"), [(4, "a Fourier transform"), (101, "4 bits"), (16, "colour")]
)
def test_modes_that_are_no_picture_are_named(mode, says):
    with pytest.raises(InputError, match=rf"a\.mrc: an? .*{says[2:]}.* \(MRC mode {mode}\)"):
        read(STACK.astype("i2"), mode=mode)


def test_a_senseless_header_is_one_line():
    with pytest.raises(InputError, match=r"a\.mrc: a truncated or damaged MRC file"):
        read(STACK.astype("i2"), by_0=struct.pack("<i", -4))
    with pytest.raises(InputError, match=r"a\.mrc: truncated \(2396 of 2400 bytes"):
        read_recording(MemoryFile("a.mrc", mrc_bytes(STACK.astype("i2"))[:-4]))


def test_what_is_too_large_is_refused_before_it_is_read():
    huge = {"by_0": struct.pack("<3i", 100_000, 100_000, 9)}
    with pytest.raises(InputError, match="GiB of pixels"):
        read(STACK.astype("i2"), **huge)
    with pytest.raises(InputError, match="at most 0.001 megapixels"):
        read_recording(MemoryFile("a.mrc", mrc_bytes(STACK.astype("i2"))), largest_pixels=1000)
