"""The TIFFs that we write: their JSON for us and for tifffile, the pixel size for ImageJ, too."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import tifffile

from synthwire.io.calibration import imagej

SOFTWARE = "synthwire"  # who wrote it, as a TIFF's tag says
DESCRIPTION = 270
ENTRY_BYTES = 12


def tiff_bytes(
    pixels: np.ndarray, metadata: Mapping[str, Any], pixel_size_nm: tuple[float, float] | None
) -> bytes:
    """Grey pages (height, width) or (pages, height, width) as a TIFF.

    metadata: goes into the description as JSON, the pixel size (y, x) with it. A second description
    and the resolution tags tell ImageJ the size. The same pages always give the same bytes.
    """
    more: dict[str, Any] = {}
    metadata = dict(metadata)
    if pixel_size_nm is not None:
        metadata["pixel_size_nm"] = list(pixel_size_nm)
        description, more = imagej.description(pixel_size_nm)
        more["description"] = description
    content = io.BytesIO()
    tifffile.imwrite(
        content,
        pixels,
        photometric="minisblack",
        compression="zlib",
        metadata=metadata,
        software=SOFTWARE,
        **more,
    )
    return _imagej_last(content.getvalue()) if more else content.getvalue()


def _imagej_last(content: bytes) -> bytes:
    """The two descriptions in the other order.

    tifffile finds what it looks for in either; ImageJ keeps the last one it meets.
    """
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        tags = tiff.pages.first.tags
        both = [tags.get(DESCRIPTION, index=index) for index in (0, 1)]
    places = [tag.offset for tag in both if tag is not None]
    changed = bytearray(content)
    first, second = (content[place : place + ENTRY_BYTES] for place in places)
    for place, entry in zip(places, (second, first), strict=True):
        changed[place : place + ENTRY_BYTES] = entry
    return bytes(changed)
