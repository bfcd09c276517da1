"""Label images: a number each particle, a mask of all of them, or pages of masks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage import measure

from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.coco import annotations_by_image
from synthwire.io.files import MemoryFile, atomic_path
from synthwire.io.masks import decode_crops, encode_crop
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.label_arrays import SUFFIXES, read_labels
from synthwire.io.recordings.tiff import open_tiff
from synthwire.io.written_tiff import SOFTWARE, tiff_bytes

LAYERS_KEY = "synthwire_layers"  # in a label TIFF whose pages are layers of one image
VOID = 255  # behind labels from 1 on: Pascal VOC's, for what is neither ground nor object
ALONG_THE_RIM = 0.9  # of an image's edge; no particle has so much of it
SOLID = 0.8  # of its convex hull; a straight particle fills it, two that touch or cross do not
MOST_PARTS = 10  # of a label, on average; a picture's grey values lie in many more


def recognises(collector: Collector) -> bool:
    """Any other image or array; a file without a known suffix counts as an image."""
    return collector.suffix in SUFFIXES or collector.suffix == ""


def read(collector: Collector) -> None:
    """Take in the labels of each page, or of the layers of the only page; 0 is no particle.

    A mask with one number for all particles is split into its connected parts, and pages of such
    masks for one image are a particle each. Pages of one image on which no label is twice are
    layers of it.
    """
    pages = read_labels(collector.path)
    if pages.shape[:2] == collector.shape != pages.shape[1:]:  # a mask each along the last axis
        pages = np.moveaxis(pages, 2, 0)
    collector.require_shape(pages.shape[1], pages.shape[2], "each page")
    layers, ours = _written_here(collector.path)
    stacked = False
    if len(pages) > 1 and len(collector.names) == 1 and not layers:
        if (pages == pages[0]).all():  # channels of a grey picture saved in colour
            pages = pages[:1]
        elif (np.count_nonzero(pages, axis=0) == 1).all():  # of each pixel its class
            pages = 1 + pages.argmax(axis=0)[np.newaxis]
        elif all(map(_is_mask, pages)):
            stacked = True
            collector.remark(f"{len(pages)} pages", "one particle each, as they are of one image")
        elif _are_layers(pages):
            layers = True
            collector.remark(f"{len(pages)} pages", "of different labels; layers of one image")
    if not (stacked or layers) and len(pages) != len(collector.names):
        raise collector.error(f"{len(pages)} pages of labels for {len(collector.names)} images")
    for number, labels in enumerate(pages):
        page = 0 if layers or stacked else number
        where = f"page {number + 1}: " if len(pages) > 1 else ""
        if not ours:
            labels = _with_ground(collector, where, labels)
            if not stacked and not layers:
                labels = _with_particles(collector, where, labels)
        values, places = np.unique(labels, return_inverse=True)
        numbered = places.reshape(labels.shape) + (values[0] > 0)  # 0 is no particle
        for value, box in zip(values[values > 0], ndimage.find_objects(numbered), strict=True):
            rows, columns = box
            rle = encode_crop(labels[box] == value, rows.start, columns.start, *collector.shape)
            name = f"page {number + 1}" if stacked else f"{where}label {value}"
            collector.add(page, name, rle, collector.classes[0])


def _is_mask(page: np.ndarray) -> bool:
    """Whether a page is 0 and one number."""
    values = np.unique(page)
    return len(values) <= 2 and values[0] == 0


def _are_layers(pages: np.ndarray) -> bool:
    """Whether each label stands on one page alone."""
    labels = np.concatenate([np.unique(page[page > 0]) for page in pages])
    return len(labels) == len(np.unique(labels))


def _with_ground(collector: Collector, where: str, labels: np.ndarray) -> np.ndarray:
    """Labels whose ground is 0, where the file has none or another; says what was taken."""
    labels = _with_zero(collector, where, labels)
    values, counts = np.unique(labels, return_counts=True)
    known = len(values) - 2
    numbered = known > 0 and bool((values[:-1] == np.arange(known + 1)).all())
    if numbered and values[-1] == VOID and not len(_without_inside(labels, values[1:-1])):
        collector.remark(f"{where}labels", f"{VOID} after 1 to {known} taken as void, no particle")
        return np.where(labels == VOID, 0, labels)
    commonest, bare = values[counts.argmax()], labels == 0
    if known < 1 or commonest == 0:
        return labels
    around = labels == commonest
    if not ndimage.minimum_filter(bare, 3).any():  # lines between labels, as of a watershed
        around |= bare
    elif _rim(around).mean() > ALONG_THE_RIM:  # a black particle among coloured ones
        labels = np.where(bare, values[-1] + 1, labels)
    else:
        return labels
    if not _is_ground(around):
        return labels
    collector.remark(
        f"{where}labels", f"{commonest} lies around all others; taken as ground, no particle"
    )
    return np.where(around, 0, labels)


def _with_zero(collector: Collector, where: str, labels: np.ndarray) -> np.ndarray:
    """Labels whose least number is 0, which is no particle; says what was taken as that."""
    values, counts = np.unique(labels, return_counts=True)
    if values[0] < 0:
        ground = np.array([value for value in values if value < 0])
        if values[counts.argmax()] == 0:
            ground = np.append(ground, 0)
        collector.remark(
            f"{where}labels", f"{', '.join(map(str, ground[:5]))} taken as no particle"
        )
        return np.where(np.isin(labels, ground), 0, np.where(labels, labels, values[-1] + 1))
    if values[0] > 0 and len(values) > 1:
        commonest = int(values[counts.argmax()])
        collector.remark(
            f"{where}labels", f"no pixel is 0; {commonest}, the commonest, taken as no particle"
        )
        return np.where(labels == commonest, 0, labels)
    return labels


def _with_particles(collector: Collector, where: str, labels: np.ndarray) -> np.ndarray:
    """Labels of particles: connected parts where all have one number, refused where it is no map.

    Says which labels consist of several parts.
    """
    values = np.unique(labels[labels > 0])
    if len(values) == 1 and _is_ground(labels > 0):
        labels = (labels == 0).astype(labels.dtype)
        collector.remark(
            f"{where}mask",
            f"{values[0]} covers most of it and of its edge; taken as ground, 0 as particles",
        )
        values = np.array([1])
    if _is_smoothed(labels, values):
        labels = (labels > values[-1] // 2).astype(labels.dtype)
        values = np.array([1])
        collector.remark(f"{where}mask", "black and white with grey rims; cut at half")
    thin = _without_inside(labels, values)
    if len(values) > 2 and len(values) / 2 <= len(thin) < len(values):
        collector.remark(
            f"{where}labels",
            f"{len(thin)} of {len(values)} are nowhere 3 pixels wide; was it smoothed or "
            "resampled, so that they are rims of others?",
        )
    parts, count = measure.label(labels, background=0, return_num=True, connectivity=2)
    if len(values) == 1 and count > 1:
        collector.remark(
            f"{where}mask",
            f"all has the one number {values[0]}; its {count} connected parts were taken as a "
            "particle each, so those that touch are one",
        )
        return np.asarray(parts)
    if len(values) == count == 1 and measure.regionprops(parts)[0].solidity < SOLID:
        collector.remark(
            f"{where}mask",
            f"one connected part of the one number {values[0]}, taken as one particle; are there "
            "several that touch?",
        )
    if count > MOST_PARTS * max(1, len(values)) and np.median(np.bincount(parts.ravel())[1:]) < 4:
        raise collector.error(
            f"a picture, no label image: {len(values)} grey values in {count} scattered pieces"
        )
    if count > len(values):
        several = len(values) < count / 3
        collector.remark(
            f"{where}labels",
            f"{len(values)} labels in {count} parts; parts of one label were taken as one particle"
            + (": is this a mask of classes, not of particles?" if several else ""),
        )
    return labels


def _without_inside(labels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Those of the labels that have no pixel among eight of their own."""
    inside = ndimage.minimum_filter(labels, 3) == ndimage.maximum_filter(labels, 3)
    return np.setdiff1d(values, labels[inside])


def _is_ground(mask: np.ndarray) -> bool:
    """Whether what a mask shows lies around what it does not."""
    return bool(0.5 < mask.mean() < 1 and _rim(mask).mean() > mask.mean())


def _rim(mask: np.ndarray) -> np.ndarray:
    """The pixels along a mask's edge."""
    return np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])


def _is_smoothed(labels: np.ndarray, values: np.ndarray) -> bool:
    """Whether this is a black and white mask whose rims have become grey, as by resampling."""
    if len(values) < 8 or values[-1] != 255:
        return False
    if (labels == 255).sum() > 0.8 * (labels > 0).sum():
        return True
    # of thin wires the rims are more than that; then 255 alone is anywhere 3 pixels wide
    return _without_inside(labels, values).tolist() == values[:-1].tolist()


def _written_here(path: Path | MemoryFile) -> tuple[bool, bool]:
    """Whether a file's pages are layers of one image, and whether `label_tiff` wrote it."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return False, False
    try:
        with open_tiff(path) as tiff:
            layers = bool((tiff.shaped_metadata or ({},))[0].get(LAYERS_KEY))
            return layers, tiff.pages.first.software == SOFTWARE
    except Exception:  # whoever reads it says what it is
        return False, False


def write_labels(path: str | os.PathLike, data: dict, image_id: int | None = None) -> list[int]:
    """Write the masks of one image of a COCO data set as a label TIFF, atomically.

    Labels are 1…N in the order of the annotations; returns their annotation ids. Masks that
    overlap stand on different pages (layers), as few as a first-fit finds; without overlaps the
    file is one plain label image.
    """
    if image_id is None:
        if len(data["images"]) != 1:
            raise InputError(f"{path}: a label image is of one image, not of {len(data['images'])}")
        image_id = data["images"][0]["id"]
    image = next(item for item in data["images"] if item["id"] == image_id)
    items = annotations_by_image(data)[image_id]
    with atomic_path(path) as temporary:
        temporary.write_bytes(label_tiff(image, items, range(1, len(items) + 1)))
    return [item["id"] for item in items]


def label_tiff(image: Mapping, annotations: Sequence[Mapping], labels: Sequence[int]) -> bytes:
    """The masks of one image as the content of a label TIFF, with one label for each annotation.

    image: COCO image record; its pixel_size_nm, where it has one, goes into it. Masks
    that overlap stand on different pages (layers), as few as a first-fit finds; without overlaps
    it is one plain label image.
    """
    shape = (image["height"], image["width"])
    dtype = np.uint16 if max(labels, default=0) < 2**16 else np.uint32
    layers: list[np.ndarray] = [np.zeros(shape, dtype=dtype)]
    crops = decode_crops(item["segmentation"] for item in annotations)
    for label, crop in zip(labels, crops, strict=True):
        part, place = crop.pixels, crop.place
        layer = next((layer for layer in layers if not layer[place][part].any()), None)
        if layer is None:
            layer = np.zeros(shape, dtype=dtype)
            layers.append(layer)
        layer[place][part] = label
    metadata: dict = {"axes": "YX"} if len(layers) == 1 else {"axes": "QYX", LAYERS_KEY: True}
    by_hand = {
        str(label): kind
        for label, item in zip(labels, annotations, strict=True)
        if (kind := item.get("attributes", {}).get("by_hand"))
    }
    if by_hand:
        metadata["by_hand"] = by_hand
    pixels = layers[0] if len(layers) == 1 else np.stack(layers)
    return tiff_bytes(pixels, metadata, as_pixel_size(image.get("pixel_size_nm")))
