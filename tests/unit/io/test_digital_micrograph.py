"""DM3 and DM4, written here tag by tag."""

import numpy as np
import pytest
from image_cases import GREY, RNG, one_line
from microscope_files import DM_TYPES, THUMBNAIL, dm_bytes, dm_image

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording

NM = {"scales": (0.4, 0.5), "units": ("nm", "nm")}


def read(images, version=3, **more):
    return read_recording(MemoryFile(f"a.dm{version}", dm_bytes(images, version, **more)))


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", [code for code in DM_TYPES if code != "c8"])
def test_pixels_of_every_type_with_their_size(version, order, code):
    pixels = (GREY.astype(float) * 3 - (100 if code[0] in "if" else 0)).astype(code)
    found = read([THUMBNAIL, dm_image(pixels, **NM)], version, order=order)
    np.testing.assert_array_equal(found.pages, pixels[None])
    assert found.pages.dtype == np.dtype(code)
    assert found.pixel_size_nm == pytest.approx((0.5, 0.4))


def test_a_stack_and_units_of_length():
    stack = RNG.integers(0, 900, (3, 20, 30)).astype("u2")
    more = {"scales": (0.002, 0.002, 1.0), "units": ("µm", "µm", "")}
    found = read([THUMBNAIL, dm_image(stack, **more)])
    np.testing.assert_array_equal(found.pages, stack)
    assert found.pixel_size_nm == pytest.approx((2, 2))


@pytest.mark.parametrize("units", [("", ""), ("1/nm", "1/nm"), ("pixels", "pixels")])
def test_what_is_no_length_is_no_pixel_size(units):
    assert read([THUMBNAIL, dm_image(GREY, units=units)]).pixel_size_nm is None


def test_small_unsigned_images_are_no_texts():
    pixels = np.arange(64 * 60, dtype="u2").reshape(64, 60)
    np.testing.assert_array_equal(read([THUMBNAIL, dm_image(pixels)]).pages[0], pixels)


def test_a_colour_image_is_turned_from_blue_first():
    pixels = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    found = read([THUMBNAIL, dm_image(pixels, kind=23)])
    np.testing.assert_array_equal(found.pages[0], pixels[..., 2::-1])


def test_an_exit_wave_gives_its_phase_or_amplitude():
    phase = np.where(GREY > 128, 1.0, 0.0)
    wave = (2 * np.exp(1j * (phase + 3))).astype("c8")
    content = MemoryFile("a.dm3", dm_bytes([THUMBNAIL, dm_image(wave)]))
    found = read_recording(content).pages[0]
    np.testing.assert_allclose(found - found.min(), phase, atol=1e-5)
    amplitude = read_recording(content, complex_part="amplitude").pages[0]
    np.testing.assert_allclose(amplitude, 2, rtol=1e-6)


def test_spectra_are_no_images_and_stand_beside_one():
    survey = dm_image(GREY, **NM)
    cube = np.zeros((50, 20, 30), "f4")
    spectra = dm_image(cube, scales=(0.4, 0.5, 2.0), units=("nm", "nm", "eV"))
    np.testing.assert_array_equal(read([THUMBNAIL, survey, spectra]).pages[0], GREY)
    with pytest.raises(InputError, match=r"a\.dm3: no image of a sample .* 30 × 20 × 50"):
        read([THUMBNAIL, spectra])
    with pytest.raises(InputError, match=r"a\.dm3: 2 images in one file"):
        read([THUMBNAIL, survey, survey])


def test_other_tags_do_not_matter():
    more = {"DataBar": {"Time": "12:00 µ"}, "Empty": {}, "Pages": np.arange(9, dtype="i8")}
    np.testing.assert_array_equal(read([THUMBNAIL, dm_image(GREY)], 4, more=more).pages[0], GREY)


def test_a_file_without_image_list_is_one_line():
    with pytest.raises(InputError, match=r"DigitalMicrograph file \(no tag 'ImageList'\)") as error:
        read_recording(MemoryFile("a.dm3", dm_bytes([]).replace(b"ImageList", b"ImageLost")))
    one_line(error)
