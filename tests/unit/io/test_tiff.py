"""TIFF of all kinds."""

import numpy as np
import pytest
import tifffile
from image_cases import GREY, RNG, one_line

from synthwire.errors import InputError
from synthwire.io.recordings import read_image, read_recording


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_tiff_keeps_pixels_of_every_type(tmp_path, dtype):
    pixels = (GREY.astype(float) * 3).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    found = read_image(tmp_path / "a.tif")
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, pixels)


def test_pages_and_colour_are_told_apart(tmp_path):
    stack = RNG.integers(0, 256, (4, 20, 30), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "pages.tif", stack, photometric="minisblack")
    colour = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "colour.tif", colour, photometric="rgb")
    planar = np.moveaxis(colour, 2, 0)
    tifffile.imwrite(tmp_path / "planar.tif", planar, photometric="rgb", planarconfig="separate")
    assert read_recording(tmp_path / "pages.tif").pages.shape == (4, 20, 30)
    np.testing.assert_array_equal(read_image(tmp_path / "colour.tif"), colour)
    np.testing.assert_array_equal(read_image(tmp_path / "planar.tif"), colour)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_truncated_tiff_is_one_line(tmp_path, compression):
    path = tmp_path / "a.tif"
    noise = RNG.integers(0, 65536, (100, 300), dtype=np.uint16)
    tifffile.imwrite(path, noise, compression=compression)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError) as error:
        read_image(path)
    assert str(path) in one_line(error)
