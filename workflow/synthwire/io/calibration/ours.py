"""SynthWire's own TIFFs: JSON in the description."""

from __future__ import annotations

import json

import tifffile

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.sizes import as_pixel_size


def pixel_size(tiff: tifffile.TiffFile, series: int) -> Found | None:
    """What stands in the JSON that is written with the image's shape."""
    if not tiff.is_shaped:
        return None
    metadata = (tiff.shaped_metadata or ({},))[0]
    size = as_pixel_size(metadata.get("pixel_size_nm", metadata.get("voxel_size_nm")))
    return None if size is None else Found(size)


def voxel_size(tiff: tifffile.TiffFile) -> float | None:
    """The side of the voxels of a volume in nm."""
    return json_description(tiff).get("voxel_size_nm")


def json_description(tiff: tifffile.TiffFile) -> dict:
    """The JSON that we write as a TIFF's description; {} where there is none."""
    try:
        description = json.loads(tiff.pages.first.description)
    except ValueError:
        return {}
    return description if isinstance(description, dict) else {}
