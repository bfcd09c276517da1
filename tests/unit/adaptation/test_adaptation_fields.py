"""Fields: cut from images at the scale at which particles are as wide as networks like them."""

from __future__ import annotations

import numpy as np
import pytest

from synthwire.adaptation import fields
from synthwire.errors import InputError
from synthwire.io.burnt_in.window import Window
from synthwire.segmentation.images import GreyImage


def image(height: int, width: int, name: str = "a.tif", **more) -> GreyImage:
    pixels = np.random.default_rng(0).integers(0, 250, (height, width)).astype(np.uint8)
    return GreyImage(pixels, None, name, **more)


def test_fields_are_spread_over_all_images_and_have_one_side():
    cut = fields.cut([image(600, 800), image(400, 400, "b.tif")], 1.0)
    assert cut.pixels.shape[1:] == (fields.SIDE_PX, fields.SIDE_PX)
    assert cut.pixels.dtype == np.uint8
    assert set(cut.sources) == {0, 1}
    assert len(cut.pixels) <= fields.MOST_FIELDS


def test_a_scale_below_one_takes_in_more_of_the_image():
    cut = fields.cut([image(800, 800)], 0.25)
    assert cut.pixels.shape == (1, fields.SIDE_PX, fields.SIDE_PX)


def test_data_bars_and_captions_are_in_no_field():
    drawn = np.zeros((500, 500), dtype=bool)
    drawn[:250] = True
    picture = image(500, 500, drawn=drawn, window=Window(0, 0, 500, 450))
    picture.pixels[:250], picture.pixels[450:] = 255, 254
    cut = fields.cut([picture], 1.0)
    assert len(cut.pixels)
    assert (cut.pixels == 255).mean() < 0.02
    assert not (cut.pixels == 254).any()


@pytest.mark.parametrize(
    ("images", "scale", "says"),
    [
        ([image(400, 400), image(80, 300, "small.tif")], 1.0, "small.tif: 80 px a side"),
        ([image(300, 300, drawn=np.ones((300, 300), dtype=bool))], 1.0, "no part of the images"),
    ],
)
def test_images_of_no_use_are_named(images, scale, says):
    with pytest.raises(InputError, match=says):
        fields.cut(images, scale)
