"""Label images: TIFF or PNG, a number each particle."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile

from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.coco import annotations_by_image
from synthwire.io.files import MemoryFile, atomic_path
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io.outlines.collector import Collector
from synthwire.io.recordings.formats import read_recording
from synthwire.io.recordings.tiff import open_tiff

LAYERS_KEY = "synthwire_layers"  # in a label TIFF whose pages are layers of one image


def recognises(collector: Collector) -> bool:
    """Any image file; the other formats' names are told apart before."""
    return collector.path.suffix.lower() not in (".json", ".zip", ".roi")


def read(collector: Collector) -> None:
    """Take in the labels of each page, or of the layers of the only page; 0 is no particle."""
    pages = read_recording(collector.path).pages
    if pages.ndim != 3:
        raise collector.error("a colour image is no label image; one channel expected")
    if not np.isfinite(pages).all() or (pages != np.floor(pages)).any() or (pages < 0).any():
        raise collector.error("labels must be whole numbers from 0 (0 is no particle)")
    _, height, width = pages.shape
    collector.require_shape(height, width, "each page")
    layers = _are_layers(collector.path)
    if not layers and len(pages) != len(collector.names):
        raise collector.error(f"{len(pages)} pages of labels for {len(collector.names)} images")
    for number, labels in enumerate(pages):
        page = 0 if layers else number
        for label in np.unique(labels[labels > 0]):
            mask = labels == label
            collector.add(page, f"label {int(label)}", encode_mask(mask), collector.classes[0])


def _are_layers(path: Path | MemoryFile) -> bool:
    try:
        with open_tiff(path) as tiff:
            return bool((tiff.shaped_metadata or ({},))[0].get(LAYERS_KEY))
    except tifffile.TiffFileError:
        return False


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

    image: COCO image record; its pixel_size_nm, where it has one, goes into the metadata. Masks
    that overlap stand on different pages (layers), as few as a first-fit finds; without overlaps
    it is one plain label image.
    """
    shape = (image["height"], image["width"])
    dtype = np.uint16 if max(labels, default=0) < 2**16 else np.uint32
    layers: list[np.ndarray] = [np.zeros(shape, dtype=dtype)]
    for label, item in zip(labels, annotations, strict=True):
        mask = decode_mask(item["segmentation"])
        layer = next((layer for layer in layers if not layer[mask].any()), None)
        if layer is None:
            layer = np.zeros(shape, dtype=dtype)
            layers.append(layer)
        layer[mask] = label
    metadata: dict = {"axes": "YX"} if len(layers) == 1 else {"axes": "QYX", LAYERS_KEY: True}
    size = as_pixel_size(image.get("pixel_size_nm"))
    if size is not None:
        metadata["pixel_size_nm"] = list(size)
    content = io.BytesIO()
    tifffile.imwrite(
        content,
        layers[0] if len(layers) == 1 else np.stack(layers),
        photometric="minisblack",
        compression="zlib",
        metadata=metadata,
        software="synthwire",
    )
    return content.getvalue()
