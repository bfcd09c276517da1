"""The size of pixels: where programs and makers of microscopes write it, and what to believe.

A pixel size is (y, x) in nm. tiff.py lists the places in a TIFF, and sidecars.py the texts beside
an image; each program and maker has a file: ours, ome, imagej, zeiss, fei, tescan, jeol, hitachi,
cameras (of TEMs), light (light microscopes), resolution (the tags for prints), with tags.py for
what they share. calibration.py weighs what they say by doubts.py: resolutions for prints are left
out, fillers and absurd fields are taken with a doubt. sizes.py has the forms in which pixel sizes
are passed on. Formats with a place of their own for it, as STXM scans, are read in `recordings`.
"""

from synthwire.io.calibration.calibration import Calibration, Found, NoPixelSize, weigh
from synthwire.io.calibration.ours import json_description
from synthwire.io.calibration.sidecars import (
    is_sidecar,
    sidecar_calibration,
    sidecars_among,
    sidecars_of,
)
from synthwire.io.calibration.sizes import (
    as_pixel_size,
    different_sizes,
    length_words,
    pixel_side_nm,
)
from synthwire.io.calibration.tiff import tiff_calibration, tiff_voxel_size

__all__ = [
    "Calibration",
    "Found",
    "NoPixelSize",
    "as_pixel_size",
    "different_sizes",
    "is_sidecar",
    "json_description",
    "length_words",
    "pixel_side_nm",
    "sidecar_calibration",
    "sidecars_among",
    "sidecars_of",
    "tiff_calibration",
    "tiff_voxel_size",
    "weigh",
]
