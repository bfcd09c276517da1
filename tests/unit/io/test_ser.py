"""SER of TIA, written here byte by byte."""

import struct

import numpy as np
import pytest
from image_cases import RNG
from microscope_files import SER_TYPES, ser_bytes

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording

IMAGES = RNG.integers(0, 100, (3, 20, 30))


def read(images, **more):
    return read_recording(MemoryFile("a_1.ser", ser_bytes(images, **more)))


@pytest.mark.parametrize("version", [0x0210, 0x0220])
@pytest.mark.parametrize("code", [code for code in SER_TYPES if code != "c8"])
def test_series_of_every_type_with_their_size(version, code):
    images = IMAGES.astype(code)
    found = read(images, version=version)
    np.testing.assert_array_equal(found.pages[:, ::-1], images)  # the first row lies at the bottom
    assert found.pages.dtype == np.dtype(code)
    assert found.pixel_size_nm == pytest.approx((0.5, 0.4))


def test_of_a_series_that_was_stopped_what_was_taken():
    np.testing.assert_array_equal(read(IMAGES.astype("u2"), total=9).pages[:, ::-1], IMAGES)


def test_a_series_of_magnifications_has_no_size_in_common():
    content = bytearray(ser_bytes(IMAGES.astype("u2"), step_m=(5e-10, 5e-10)))
    step = struct.pack("<d", 5e-10)
    for _ in range(2):  # of the last image, down and across
        last = content.rindex(step)
        content[last : last + 8] = struct.pack("<d", 9e-10)
    found = read_recording(MemoryFile("a_1.ser", bytes(content)))
    assert found.pixel_size_nm is None
    assert "different sizes, 0.5 nm, 0.9 nm" in found.pixel_size_remarks[0]


def test_steps_of_a_diffraction_pattern_are_no_pixel_size():
    assert read(IMAGES.astype("u2"), step_m=(4e7, 4e7)).pixel_size_nm is None


@pytest.mark.parametrize(
    ("images", "more", "says"),
    [
        (IMAGES, {"kind": 0x4120}, "holds spectra"),
        ([], {"total": 4}, "without any image"),
        ([IMAGES[0], IMAGES[1][:10]], {}, "different shapes"),
    ],
)
def test_no_image_is_one_line(images, more, says):
    with pytest.raises(InputError, match=rf"^a_1\.ser: .*{says}[^\n]*$"):
        read([np.asarray(image).astype("i2") for image in images], **more)


def test_an_image_before_the_start_of_the_file_is_one_line(tmp_path):
    content = bytearray(ser_bytes(IMAGES.astype("u2")))
    (table,) = struct.unpack_from("<i", content, struct.calcsize("<3H4i"))
    struct.pack_into("<i", content, table, -436144896)
    path = tmp_path / "a_1.ser"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a_1\.ser: a truncated or damaged SER file [^\n]*$"):
        read_recording(path)
