"""What every source of an image set gives: pages, their records, their outlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from synthwire.io.outlines import Outlines

IMAGE_NAME = "image.tif"


class Content(NamedTuple):
    """The images of one set.

    pages: uint8 (height, width) each, of one shape; records: a COCO image record each;
    outlines: COCO annotations, and remarks on those that were repaired or left out;
    remarks: on the images, a line each.
    """

    pages: Sequence[np.ndarray]
    records: list[dict]
    outlines: Outlines
    remarks: Sequence[str] = ()


def image_record(
    page: int,
    shape: tuple[int, int],
    pixel_size_nm: float | list[float] | None,
    *,
    assumed: bool,
    **more: Any,
) -> dict:
    """COCO record of a page (height, width) of an image set; `more` is added to it."""
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
