"""From a projected thickness to an optical-density image.

The paper's "optical density compression" (section "Synthetic dataset generation", Fig. 2): voxels
are summed along the out-of-plane direction, divided by the total thickness, scaled to 0–255 and
blurred.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import gaussian_filter

from synthwire.imaging.projection import View

DIVISORS = ("projected_thickness", "pile_height")


def density_image(view: View, compression: Mapping) -> np.ndarray:
    """Image (Y, X), 8 bit, of what a beam met; compression: config["compression"].

    Its `quantity` is what grey stands for: the `thickness` of the paper or, for comparison with it,
    mere `occupancy` (a binary projection) or the `height` that a look from above sees.
    """
    settings = dict(compression)
    quantity = settings.pop("quantity", "thickness")
    if quantity == "occupancy":
        return compress(np.minimum(view.thickness, 1), 1, **settings)
    return compress(
        view.height if quantity == "height" else view.thickness, view.pile_height, **settings
    )


def compress(
    thickness: np.ndarray,
    pile_height: int,
    *,
    divisor: str,
    blur_sigma_px: float,
) -> np.ndarray:
    """Optical-density image (Y, X), 8 bit, of a projected thickness (Y, X) in voxels.

    divisor, blur_sigma_px: config["compression"]. The thickness is divided by its greatest value
    in the image (`projected_thickness`) or by the height of the pile in voxels (`pile_height`): two
    readings of the paper's "total thickness of the nanostructure". It is then scaled to 0–255 and
    blurred with a Gaussian of `blur_sigma_px` pixels. An empty structure gives an image of zeros.

    >>> compress(np.array([[0, 2], [4, 4]]), 4, divisor="projected_thickness", blur_sigma_px=0)
    array([[  0, 128],
           [255, 255]], dtype=uint8)
    """
    if divisor not in DIVISORS:
        raise ValueError(f"divisor is one of {DIVISORS}, not {divisor!r}")
    total = pile_height if divisor == "pile_height" else int(thickness.max(initial=0))
    density = thickness.astype(np.float64) * (255.0 / max(total, 1))
    if blur_sigma_px > 0:
        density = gaussian_filter(density, blur_sigma_px, mode="nearest")
    return np.floor(density + 0.5).clip(0, 255).astype(np.uint8)
