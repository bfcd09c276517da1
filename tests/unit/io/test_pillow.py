"""PNG, JPEG and the like."""

import sys

import numpy as np
import pytest
from image_cases import GREY
from PIL import Image

from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_image, read_recording


def test_16_bit_png(tmp_path):
    pixels = GREY.astype(np.uint16) * 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels)


def test_a_colour_of_16_bit_keeps_them(monkeypatch):
    imagecodecs = pytest.importorskip("imagecodecs")
    dim = GREY.astype(np.uint16) * 4  # 12 bit in 16, of which the upper 8 hold next to nothing
    full = np.full_like(dim, 65535)
    colour = np.stack([dim, dim + 1, dim + 2], axis=-1)
    for pixels, expected in (
        (colour, colour),
        (np.dstack([colour, full]), np.dstack([colour, full])),
        (np.dstack([dim, full]), np.dstack([dim, dim, dim, full])),
    ):
        content = imagecodecs.png_encode(pixels)
        np.testing.assert_array_equal(read_image(MemoryFile("a.png", content)), expected)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    found = read_recording(MemoryFile("a.png", imagecodecs.png_encode(colour)))
    assert found.pages.dtype == np.uint8 and "8 of its 16 bit" in found.remarks[0]
