"""The TIFFs that we write tell us and ImageJ the size of their pixels."""

import io

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from synthwire.io.calibration import imagej
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording
from synthwire.io.stacks import write_stack
from synthwire.io.written_tiff import tiff_bytes

PAGES = np.random.default_rng(0).integers(0, 256, (2, 48, 64), dtype=np.uint16)


@pytest.mark.parametrize(
    "pixels", [PAGES[0], PAGES, PAGES.astype(np.uint32), PAGES.astype(np.uint8)]
)
def test_imagej_is_told_the_pixel_size(pixels):
    axes = "QYX"[-pixels.ndim :]
    content = tiff_bytes(pixels, {"axes": axes, "note": True}, (6.6, 7.8))
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        assert tiff.is_imagej and tiff.imagej_metadata["unit"] == "nm"
        tags = tiff.pages.first.tags
        for name, side in (("YResolution", 6.6), ("XResolution", 7.8)):
            pixels_per, nanometres = tags[name].value
            assert nanometres / pixels_per == side
        assert imagej.pixel_size(tiff, 0).size_nm == (6.6, 7.8)
        assert tiff.shaped_metadata[0]["pixel_size_nm"] == [6.6, 7.8]
        assert tiff.shaped_metadata[0]["note"] is True
        np.testing.assert_array_equal(tiff.asarray(), pixels)


def test_imagej_keeps_the_last_description_which_is_its_own():
    content = tiff_bytes(PAGES, {"axes": "QYX"}, (6, 6))
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        page = tiff.pages.first
        places = [page.tags.get(270, index=index).offset for index in (0, 1)]
        codes = [tag.code for tag in sorted(page.tags, key=lambda tag: tag.offset)]
        assert places[0] < places[1] and codes == sorted(codes)
        assert page.description.startswith("{") and page.description1.startswith("ImageJ=")
    with Image.open(io.BytesIO(content)) as image:  # a reader that knows one description alone
        assert image.size == (64, 48) and image.n_frames == 2


def test_without_a_size_nothing_is_claimed():
    content = tiff_bytes(PAGES, {"axes": "QYX"}, None)
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        assert not tiff.is_imagej
    assert read_recording(MemoryFile("a.tif", content)).pixel_size_nm is None


@settings(deadline=None, max_examples=30)
@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_any_size_is_read_back(down, across):
    content = tiff_bytes(PAGES[0], {"axes": "YX"}, (down, across))
    assert content == tiff_bytes(PAGES[0], {"axes": "YX"}, (down, across))
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        assert imagej.pixel_size(tiff, 0).size_nm == pytest.approx((down, across), rel=1e-5)
        assert tiff.shaped_metadata[0]["pixel_size_nm"] == [down, across]


def test_an_image_sets_stack_tells_imagej_too(tmp_path):
    write_stack(tmp_path / "image.tif", PAGES.astype(np.uint8), pixel_size_nm=[6.6, 7.8])
    with tifffile.TiffFile(tmp_path / "image.tif") as tiff:
        assert tiff.imagej_metadata["unit"] == "nm"
        assert imagej.pixel_size(tiff, 0).size_nm == (6.6, 7.8)
    assert read_recording(tmp_path / "image.tif").pixel_size_nm == (6.6, 7.8)
