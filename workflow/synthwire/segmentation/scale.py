"""How large a network should see an image, so that particles look as in its training images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_li
from skimage.morphology import skeletonize

from synthwire.io.calibration import pixel_side_nm

SMOOTHING_PX = 1.0  # keeps noise out of the outlines
SAMPLE_PX = 2048  # side of the middle part that stands for a larger image
# Widths that differ by less than this factor stay: networks take so much, an estimate errs by a
# sixth, and each resampling blurs.
TOLERANCE = 1.5
LIMITS = (1 / 8, 8)


def particle_width(image: np.ndarray) -> float | None:
    """Typical width in pixels of the bright particles of a grey image (height, width).

    Median over the skeleton of the foreground (minimum cross-entropy threshold, Li & Tam 1998) of
    twice the distance to the ground; so long particles count more than short ones. Of a large image
    its middle counts. None where nothing stands out.
    """
    rows, columns = (
        slice(max(0, (side - SAMPLE_PX) // 2), (side + SAMPLE_PX) // 2) for side in image.shape
    )
    grey = ndimage.gaussian_filter(image[rows, columns].astype(np.float32), SMOOTHING_PX)
    if np.ptp(grey) == 0:
        return None
    foreground = grey > threshold_li(grey)
    distance = ndimage.distance_transform_edt(foreground)
    # the middle pixel of a bar of w pixels is (w + 1) / 2 from the ground; 1 is a speck of noise
    widths = 2 * distance[skeletonize(foreground)] - 1
    widths = widths[widths > 1]
    return float(np.median(widths)) if widths.size else None


def choose_scale(image: np.ndarray, pixel_size_nm: Any, card: Mapping[str, Any]) -> float:
    """How many times enlarged a network should see a grey image (height, width).

    By the pixel size (a number, (down, across) or None), where it is known and the network has
    learnt at a range of them (`card["pixel_nm_range"]`); else by the typical width of the particles
    in the image and in the training images (`card["particle_width_px"]`), when they differ by more
    than `TOLERANCE`; 1 where neither is known.
    """
    known, typical = card.get("pixel_nm_range"), card.get("particle_width_px")
    if known is not None and pixel_size_nm is not None:
        side = pixel_side_nm({"pixel_size_nm": pixel_size_nm})
        return float(side / np.clip(side, *known))
    width = particle_width(image) if typical is not None else None
    if width is None or 1 / TOLERANCE <= typical / width <= TOLERANCE:
        return 1.0
    return float(np.clip(typical / width, *LIMITS))
