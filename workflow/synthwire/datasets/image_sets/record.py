"""The record of an image of an image set."""

from __future__ import annotations

IMAGE_NAME = "image.tif"


def image_record(page: int, shape: tuple[int, int], pixel_size_nm, assumed: bool, **more) -> dict:
    return {
        "id": page + 1,
        "file_name": IMAGE_NAME,
        "page": page,
        "width": int(shape[1]),
        "height": int(shape[0]),
        "pixel_size_nm": pixel_size_nm,
        "pixel_size_assumed": bool(assumed) if pixel_size_nm is not None else False,
        **more,
    }
