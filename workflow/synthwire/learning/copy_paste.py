"""Laying wires of one training image over another.

Copy-paste augmentation (Ghiasi et al., CVPR 2021) covers what lies below; in transmission nothing
is covered. Optical densities add up along the beam (Beer–Lambert), so a wire that is laid over an
image is a true overlap, with both masks amodal as before.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

REACH_PX = 4  # as far as a wire's blurred edge goes beyond its mask


def find_isolated(masks: np.ndarray) -> np.ndarray:
    """Numbers of the particles with none other, nor its blurred edge, near; masks (N, H, W)."""
    depth = masks.sum(axis=0, dtype=np.int32)
    around = ndimage.maximum_filter(depth, size=4 * REACH_PX + 1)
    return np.flatnonzero([mask.any() and around[mask].max() == 1 for mask in masks])


def lay_over(
    image: np.ndarray,
    masks: np.ndarray,
    donor: np.ndarray,
    donor_masks: np.ndarray,
    most: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay up to `most` wires of one optical-density image over another, each at a random place.

    image, donor: uint8 (H, W), zero where nothing is; masks: bool (N, H, W) of each. Only wires
    that lie alone in the donor, and whole, can be cut out; so fewer may come, or none. As in a
    compressed structure, the greatest density of the result is at most 255: all are scaled by it.

    Returns image and masks with the new wires behind the old ones, and the donor's numbers of
    the new wires.
    """
    candidates = find_isolated(donor_masks)
    chosen = rng.permutation(candidates)[: rng.integers(0, most, endpoint=True)]
    density = image.astype(np.float32)
    added, numbers = [], []
    for number in chosen:
        rows, columns = _box(donor_masks[number], REACH_PX)
        crop = donor_masks[number][rows, columns]
        height, width = crop.shape
        inside = height <= image.shape[0] and width <= image.shape[1]
        if not inside or _at_border(donor_masks[number]):
            continue
        top = rng.integers(0, image.shape[0] - height, endpoint=True)
        left = rng.integers(0, image.shape[1] - width, endpoint=True)
        place = slice(top, top + height), slice(left, left + width)
        support = ndimage.binary_dilation(crop, iterations=REACH_PX)
        density[place] += np.where(support, donor[rows, columns], 0)
        mask = np.zeros(image.shape, dtype=bool)
        mask[place] = crop
        added.append(mask)
        numbers.append(number)
    density *= 255 / max(255.0, density.max(initial=0))
    return (
        np.rint(density).astype(np.uint8),
        np.concatenate([masks, np.array(added, dtype=bool).reshape(-1, *image.shape)]),
        np.array(numbers, dtype=np.int64),
    )


def _box(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of a mask with a margin, within the image."""
    (found,) = ndimage.find_objects(mask.astype(np.uint8))
    rows, columns = (
        slice(max(0, side.start - margin), min(side.stop + margin, length))
        for side, length in zip(found, mask.shape, strict=True)
    )
    return rows, columns


def _at_border(mask: np.ndarray) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())
