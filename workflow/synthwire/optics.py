"""From a labelled volume to an optical-density image and its exact overlapping masks.

The paper's "optical density compression" (section "Synthetic dataset generation", Fig. 2): voxels
are summed along the out-of-plane direction, divided by the total thickness, scaled to 0–255 and
blurred. The masks are amodal: a wire's mask runs on below the wires that cross it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

from synthwire.annotations import ANNOTATION_IDS_PER_IMAGE, encode_mask, make_annotation
from synthwire.errors import InputError

DIVISORS = ("projected_thickness", "pile_height")


@njit(cache=True, nogil=True)
def _project(labels, thickness, masks):
    depth, height, width = labels.shape
    top = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                label = labels[z, y, x]
                if label != 0:
                    thickness[y, x] += 1
                    masks[label - 1, y, x] = True
                    top = z + 1
    return top


def project(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Project a labelled volume (Z, Y, X) along z.

    Returns the projected thickness in voxels (Y, X), the amodal masks (N, Y, X) of labels 1…N,
    and the height of the pile in voxels. A label that occurs nowhere has an empty mask.
    """
    if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"a labelled volume has three axes (Z, Y, X) of whole numbers, this one is "
            f"{labels.shape} {labels.dtype}"
        )
    thickness = np.zeros(labels.shape[1:], dtype=np.uint16)
    masks = np.zeros((int(labels.max(initial=0)), *labels.shape[1:]), dtype=np.bool_)
    height = _project(labels, thickness, masks)
    return thickness, masks, int(height)


@njit(cache=True, nogil=True)
def _mark(labels, present):
    for label in labels:
        present[label] = True


def compact_labels(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the particles of a volume 1…N where its labels are far apart.

    Tomography and other generators often count on over many volumes, and memory for masks up to
    the greatest label would be wasted. Returns the volume and the original label of each of 1…N;
    a volume with few gaps comes back as it is.
    """
    greatest = int(labels.max(initial=0))
    present = np.zeros(greatest + 1, dtype=np.bool_)
    _mark(labels.ravel(), present)
    present[0] = False
    count = int(present.sum())
    if greatest <= max(255, 2 * count):
        return labels, np.arange(1, greatest + 1)
    originals = np.flatnonzero(present)
    numbers = np.zeros(greatest + 1, dtype=np.uint16 if count < 2**16 else np.uint32)
    numbers[originals] = np.arange(1, count + 1)
    return numbers[labels], originals


def optical_density(
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

    >>> optical_density(np.array([[0, 2], [4, 4]]), blur_sigma=0)
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


def scene_record(
    scene: int, masks: np.ndarray, category_ids: Sequence[int], more: Iterable[dict] | None = None
) -> tuple[dict, list[dict]]:
    """COCO image record and annotations of one scene.

    masks (N, Y, X) are those of labels 1…N; a particle outside the image has no annotation. The
    record depends on the scene alone, not on the shard that holds it.
    """
    count, height, width = masks.shape
    if count >= ANNOTATION_IDS_PER_IMAGE:
        raise InputError(
            f"scene {scene}: {count} particles; at most {ANNOTATION_IDS_PER_IMAGE - 1} an image"
        )
    image = {
        "id": int(scene),
        "file_name": f"scene_{scene:05d}.png",
        "width": int(width),
        "height": int(height),
    }
    extras = list(more) if more is not None else [{}] * count
    annotations = [
        make_annotation(
            scene * ANNOTATION_IDS_PER_IMAGE + label,
            scene,
            encode_mask(mask),
            category_id=int(category_ids[label - 1]),
            **extras[label - 1],
        )
        for label, mask in enumerate(masks, start=1)
        if mask.any()
    ]
    return image, annotations


def categories_of(classes: Sequence[str]) -> list[dict]:
    """COCO categories, numbered from 1 in the order of `classes`."""
    return [
        {"id": number, "name": name, "supercategory": "particle"}
        for number, name in enumerate(classes, start=1)
    ]
