"""How large a network should see an image, so that particles look as in its training images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synthwire.io.calibration import pixel_side_nm

LIMITS = (1 / 8, 8)  # of a scale that a pixel size or thin particles ask for
# Particles of real width differ from those that the network learnt from; beyond this factor between
# what they and the pixel size ask for, one of the two is more likely wrong.
DISAGREEMENT = 4.0


def start_scale(pixel_size_nm: Any, card: Mapping[str, Any]) -> float:
    """How many times enlarged a network should see an image by the pixel size alone, in `LIMITS`.

    pixel_size_nm: a number, (down, across) or None. 1 where it is None, and where the network has
    not learnt at a range of them (`card["pixel_nm_range"]`).
    """
    known = card.get("pixel_nm_range")
    if known is None or pixel_size_nm is None:
        return 1.0
    return float(np.clip(_by_size(pixel_size_nm, known), *LIMITS))


def disagreement(
    pixel_size_nm: Any, fitting_scale: float | None, card: Mapping[str, Any]
) -> str | None:
    """A line for people where the pixel size and the particles ask for very different scales.

    fitting_scale: at which the particles are as wide as the network knows; None where nothing sure
    was found, when only a pixel size beyond `LIMITS` is questioned.
    """
    known = card.get("pixel_nm_range")
    if known is None or pixel_size_nm is None:
        return None
    by_size = _by_size(pixel_size_nm, known)
    size = f"pixel size {pixel_side_nm({'pixel_size_nm': pixel_size_nm}):.4g} nm"
    knows = f"the network knows {known[0]:g} to {known[1]:g} nm"
    if fitting_scale is None:
        if LIMITS[0] <= by_size <= LIMITS[1]:
            return None
        return f"{size}: {knows}, and nothing that was found tells the scale"
    if 1 / DISAGREEMENT < fitting_scale / by_size < DISAGREEMENT:
        return None
    return (
        f"{size}: by it the image should be seen at {by_size:.2g} times its size ({knows}), by the "
        f"widths of what is found at {fitting_scale:.2g} times; the widths decided, lengths in nm "
        "follow the pixel size"
    )


def _by_size(pixel_size_nm: Any, known: Sequence[float]) -> float:
    side = pixel_side_nm({"pixel_size_nm": pixel_size_nm})
    low, high = known
    return side / min(max(side, low), high)
