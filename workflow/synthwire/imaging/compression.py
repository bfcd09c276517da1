"""From a labelled volume to an optical-density image and its exact overlapping masks.

The paper's "optical density compression" (section "Synthetic dataset generation", Fig. 2): voxels
are summed along the out-of-plane direction, divided by the total thickness, scaled to 0–255 and
blurred. The masks are amodal: a wire's mask runs on below the wires that cross it.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

DIVISORS = ("projected_thickness", "pile_height")


def compress(
    thickness: np.ndarray,
    *,
    divisor: str = "projected_thickness",
    pile_height: int | None = None,
    blur_sigma: float = 2.0,
) -> np.ndarray:
    """Optical-density image (Y, X), 8 bit, of a projected thickness (Y, X) in voxels.

    The thickness is divided by its greatest value in the image (`projected_thickness`) or by the
    height of the pile (`pile_height`): two readings of the paper's "total thickness of the
    nanostructure". It is then scaled to 0–255 and blurred with a Gaussian of `blur_sigma` pixels.
    An empty structure gives an image of zeros.

    >>> compress(np.array([[0, 2], [4, 4]]), blur_sigma=0)
    array([[  0, 128],
           [255, 255]], dtype=uint8)
    """
    if divisor == "projected_thickness":
        total = int(thickness.max(initial=0))
    elif divisor == "pile_height":
        if pile_height is None:
            raise ValueError("divisor 'pile_height' needs pile_height")
        total = pile_height
    else:
        raise ValueError(f"divisor is one of {DIVISORS}, not {divisor!r}")
    density = thickness.astype(np.float64) * (255.0 / max(total, 1))
    if blur_sigma > 0:
        density = gaussian_filter(density, blur_sigma, mode="nearest")
    return np.floor(density + 0.5).clip(0, 255).astype(np.uint8)
