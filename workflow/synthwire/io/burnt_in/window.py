"""Which part of an image is picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from synthwire.errors import InputError

LEAST_SIDE = 8  # of a picture; see recordings.recording.SMALLEST_SIDE


class Window(NamedTuple):
    """Columns left…right and rows top…bottom of an image."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows_columns(self) -> tuple[slice, slice]:
        """What takes the part out of an image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def window_by_hand(crop: Mapping[str, Any], height: int, width: int) -> Window | None:
    """What a user says is picture; None where that is all of it.

    crop: {"box": (left, top, right, bottom)}, or how much to leave out, any of {"left": …, "top":
    …, "right": …, "bottom": …}; all in pixels. InputError where nothing is left, or the box
    reaches beyond the image.
    """
    if "box" in crop:
        window = Window(*crop["box"])
    else:
        window = Window(
            crop.get("left", 0),
            crop.get("top", 0),
            width - crop.get("right", 0),
            height - crop.get("bottom", 0),
        )
    if window == (0, 0, width, height):
        return None
    within = min(window) >= 0 and window.right <= width and window.bottom <= height
    if not within or min(window.right - window.left, window.bottom - window.top) < LEAST_SIDE:
        raise InputError(
            f"crop {','.join(map(str, window))} (left,top,right,bottom): leaves no picture within "
            f"the image's {width} × {height} pixels"
        )
    return window
