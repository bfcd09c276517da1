"""Images and masks for the tests of tables of particles."""

import numpy as np

SETTINGS = {"statistics_score": 0.7}


def image(pixel_size_nm, image_id=1):
    return {
        "id": image_id,
        "file_name": "image.tif",
        "width": 100,
        "height": 80,
        "pixel_size_nm": pixel_size_nm,
    }


def mask_of(x, y, width, height):
    mask = np.zeros((80, 100), dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask
