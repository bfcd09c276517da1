"""PNG, JPEG and the like."""

import numpy as np
from image_cases import GREY
from PIL import Image

from synthwire.io.recordings import read_image


def test_16_bit_png(tmp_path):
    pixels = GREY.astype(np.uint16) * 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels)
