"""Masks that annotation programs keep as small pictures within their JSON."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.masks import encode_mask

_LARGEST = 4  # times the image; what is larger is no picture of a particle on it


def mask_of_picture(content: bytes, corner: Sequence[float], shape: tuple[int, int]) -> dict:
    """RLE of the mask that a PNG shows: what is opaque, or, where all of it is, what is not black.

    corner: where its upper left corner (x, y) lies on the image; what reaches beyond the image is
    cut. shape: height and width of the image. InputError where the picture is far larger than that.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if picture.width * picture.height > _LARGEST * shape[0] * shape[1]:
                size = f"{picture.height} × {picture.width}"
                raise InputError(f"a mask of {size} pixels, far larger than the image")
            part = np.array(picture.convert("RGBA"))[..., 3] > 0
            lit = np.array(picture.convert("RGB")).max(axis=-1) > 0
            if part.all() and lit.any():
                part = lit
    except Image.DecompressionBombError:
        raise InputError("a mask far larger than the image") from None
    except SyntaxError as error:  # what Pillow raises at broken chunks
        raise InputError(f"a damaged picture ({error})") from None
    left, top = (int(value) for value in corner)
    part = part[max(0, -top) :, max(0, -left) :]
    left, top = max(0, left), max(0, top)
    mask = np.zeros(shape, dtype=bool)
    place = mask[top : top + part.shape[0], left : left + part.shape[1]]
    place |= part[: place.shape[0], : place.shape[1]]
    return encode_mask(mask)
