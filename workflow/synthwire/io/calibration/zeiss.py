"""Zeiss's electron and helium ion microscopes: SmartSEM's tag 34118, Atlas' and Orion's XML."""

from __future__ import annotations

import re

from tifffile import TiffPage

from synthwire.io.calibration.calibration import Found
from synthwire.io.calibration.tags import element_nm, tag_text, tag_value, whole, within
from synthwire.io.units import length_nm

TAG = 34118
ATLAS_TAG, ORION_TAG = 51023, 65000
SCREEN_WIDTH = 1024  # what Zeiss calls "Pixel Size" is that of a screen so many pixels wide
UNNAMED_PIXEL_SIZE = 3  # among the numbers before the first name, in metres, for that screen, too


def pixel_size(page: TiffPage) -> Found | None:
    """ "Image Pixel Size", else "Pixel Size" of a screen, brought to the image's own width."""
    metadata = tag_value(page, TAG)
    if not isinstance(metadata, dict):
        return None
    store = re.match(r"(\d+)\s*[*x×]", str(metadata.get("dp_image_store", ("", ""))[1]))
    width = int(store[1]) if store else None
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        if key in metadata:
            side = length_nm(" ".join(str(part) for part in metadata[key][1:]))
            if side > 0:
                break
    else:
        key, side = "", float(metadata[""][UNNAMED_PIXEL_SIZE]) * 1e9
    remark = None
    if key != "ap_image_pixel_size" and page.imagewidth != SCREEN_WIDTH:
        side *= SCREEN_WIDTH / page.imagewidth
        remark = (
            f"Zeiss's pixel size is that of a screen {SCREEN_WIDTH} pixels wide; taken as "
            f"{side:.4g} nm, for {page.imagewidth}"
        )
    return Found((side, side), width, remark)


def atlas_pixel_size(page: TiffPage) -> Found | None:
    """Of Atlas, by Fibics: the field, FOV_X and FOV_Y in µm, over the pixels of its image."""
    text = tag_text(page, ATLAS_TAG)
    if text is None:
        return None
    scan, image = (within(text, name) for name in ("Scan", "Image"))
    width, height = whole(within(image, "Width")), whole(within(image, "Height"))
    x, y = (element_nm(scan, f"FOV_{axis}", "um") for axis in "XY")
    if x is None:
        return None
    x /= width or page.imagewidth
    return Found((x if y is None else y / (height or page.imagelength), x), width)


def orion_pixel_size(page: TiffPage) -> Found | None:
    """Of Orion: ScalingX and ScalingY, in m."""
    text = tag_text(page, ORION_TAG)
    if text is None or "<ImageTags" not in text:
        return None
    x, y = (element_nm(text, f"Scaling{axis}", "m") for axis in "XY")
    return None if x is None else Found((y or x, x))
