"""What a person says of an image by a mask: here is nothing to be searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.files import Source, as_source
from synthwire.io.grey import one_channel
from synthwire.io.masks import MaskCrop, decode_crops, decode_mask, encode_crop
from synthwire.io.recordings import Recording, read_recording

MOSTLY = 0.5  # of a particle, from which what a mask leaves of it is none; of a picture, said so


def read_mask(source: Source | np.ndarray, shape: tuple[int, int], of: str) -> np.ndarray:
    """What a mask leaves out of an image (height, width), boolean: all that is not 0.

    of: the image's name, for messages. InputError where the mask cannot be read, has another shape,
    holds more than 0 and one other value, or leaves nothing.
    """
    if isinstance(source, np.ndarray):
        name, pages = "the mask", source[np.newaxis]
    else:
        source = as_source(source)
        name, pages = str(source), read_recording(source, crop={}).pages
    if len(pages) > 1:
        raise InputError(f"{name}: {len(pages)} pages; a mask of one is expected")
    try:
        values = one_channel(pages[0])
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if values.shape != shape:
        sizes = [f"{height} × {width}" for height, width in (values.shape, shape)]
        raise InputError(
            f"{name}: {sizes[0]} pixels, but {of}, of which it is a mask, has {sizes[1]}"
        )
    kinds = np.unique(values)
    if len(kinds) > 2 or (len(kinds) == 2 and kinds[0] != 0):
        raise InputError(
            f"{name}: {len(kinds)} values from {kinds[0]:g} to {kinds[-1]:g}; a mask has 0 and one "
            "other, which is left out (save it as PNG or TIFF, without smooth edges)"
        )
    if kinds[0] != 0:
        raise InputError(f"{name}: leaves nothing of {of}; 0 is what stays")
    return values != 0


def without_left_out(recording: Recording, mask: np.ndarray) -> Recording:
    """A recording in which a mask's pixels (height, width) are no picture."""
    pages = recording.pages
    valid = np.ones(pages.shape[:3], dtype=bool) if recording.valid is None else recording.valid
    share = float(mask.mean())
    said = (f"the mask leaves out {share:.0%} of the image; 0 is what stays",) * (share > MOSTLY)
    return replace(recording, valid=valid & ~mask, remarks=(*recording.remarks, *said))


def outside(results: Sequence[dict], mask: np.ndarray | None) -> list[dict]:
    """COCO results without their pixels in a mask (height, width); none that lies mostly there."""
    if mask is None:
        return list(results)
    return [item for item, share in _cut(results, mask) if share > MOSTLY]


def searched(outlines: Sequence[Mapping], info: Mapping) -> list[dict]:
    """COCO annotations cut to what was searched of their image; none that lies elsewhere.

    info: of the result that they are compared with. Those of which half or less was searched become
    crowd, which counts neither for nor against.
    """
    items = [dict(item) for item in outlines]
    if not {"window", "left_out"} & info.keys() or not items:
        return items
    mask = np.ones(items[0]["segmentation"]["size"], dtype=bool)
    left, top, right, bottom = info.get("window", (0, 0, *mask.shape[::-1]))
    mask[top:bottom, left:right] = False
    if "left_out" in info:
        mask |= decode_mask(info["left_out"])
    return [
        item if share > MOSTLY else {**item, "iscrowd": 1}
        for item, share in _cut(items, mask)
        if share > 0
    ]


def _cut(items: Sequence[dict], mask: np.ndarray) -> Iterator[tuple[dict, float]]:
    """COCO results or annotations without their pixels in a mask, and the share that is left."""
    crops = decode_crops(item["segmentation"] for item in items)
    for item, crop in zip(items, crops, strict=True):
        part = MaskCrop.of(crop.pixels & ~mask[crop.place])
        left, whole = int(part.pixels.sum()), int(crop.pixels.sum())
        if left < whole:
            y, x = crop.top + part.top, crop.left + part.left
            item = {
                **item,
                "segmentation": encode_crop(part.pixels, y, x, *mask.shape),
                "bbox": [float(x), float(y), *map(float, part.pixels.shape[::-1])],
                **({"area": left} if "area" in item else {}),
            }
        yield item, left / max(whole, 1)


def cut_by_mask(mask: np.ndarray, results: Sequence[dict]) -> np.ndarray:
    """Of COCO results, whether they reach the edge of a mask (height, width), which cuts them."""
    near = ndimage.binary_dilation(mask, iterations=2)
    crops = decode_crops(item["segmentation"] for item in results)
    return np.array([bool((crop.pixels & near[crop.place]).any()) for crop in crops], dtype=bool)
