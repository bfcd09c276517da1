"""Plain resolution tags: meant for prints, but some programs write the specimen's pixels there."""

from __future__ import annotations

from tifffile import TiffPage

from synthwire.io.calibration.calibration import NoPixelSize
from synthwire.io.calibration.doubts import NM_PER_INCH
from synthwire.io.calibration.sizes import length_words
from synthwire.io.calibration.tags import tag_value

_UNITS_NM = {2: NM_PER_INCH, 3: 1e7}
_FINE_NM = 1e3  # no printer is as fine: 25 400 dots per inch


def pixel_size(page: TiffPage) -> None:
    """Nothing; NoPixelSize where the tags are finer than any print, so they may be a pixel size."""
    unit = _UNITS_NM.get(tag_value(page, 296) or 0)
    if unit is None:
        return
    (down, per_down), (across, per_across) = tag_value(page, 283), tag_value(page, 282)
    sides = unit * per_down / down, unit * per_across / across
    if 0 < max(sides) < _FINE_NM:
        raise NoPixelSize(
            f"the resolution tags say {length_words(sides[1])} per pixel, finer than any print; "
            "not taken, give the pixel size if that is it"
        )
