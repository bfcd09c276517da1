"""Outlines for annotation tools: COCO JSON, Fiji ROI zip, label TIFF."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
import tifffile
from scipy import ndimage

from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.coco import annotations_by_image
from synthwire.io.files import atomic_path, write_json
from synthwire.io.masks import decode_mask
from synthwire.io.outlines.geometry import rings_of

LAYERS_KEY = "synthwire_layers"  # in a label TIFF whose pages are layers of one image


def write_coco(
    path: str | os.PathLike,
    data: dict,
    *,
    polygons: bool = False,
) -> None:
    """Write a COCO data set, atomically; masks as compressed RLE, which is exact.

    With `polygons` masks without holes are written as polygons, for tools that read no RLE; those
    with holes remain RLE.
    """
    if polygons:
        annotations = []
        for item in data["annotations"]:
            mask = decode_mask(item["segmentation"])
            if (ndimage.binary_fill_holes(mask) == mask).all():
                rings = [ring.ravel().tolist() for ring in rings_of(mask)]
                item = {**item, "segmentation": rings}
            annotations.append(item)
        data = {**data, "annotations": annotations}
    write_json(path, data)


def write_fiji_rois(path: str | os.PathLike, data: dict) -> None:
    """Write the annotations of a COCO data set as a Fiji ROI zip, atomically; see `fiji_rois`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(fiji_rois(data))


def fiji_rois(data: dict) -> bytes:
    """The annotations of a COCO data set as the content of a Fiji ROI zip.

    One ROI for each particle, named by its annotation id; masks of several parts or with holes are
    composite ROIs. With several images the ROI's position is the slice.
    """
    from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

    pages = {image["id"]: page for page, image in enumerate(data["images"])}
    names = {item["id"]: item["name"] for item in data["categories"]}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for item in data["annotations"]:
            rings = rings_of(decode_mask(item["segmentation"]))
            if not rings:
                continue
            name = f"{item['id']:04d}"
            position = pages[item["image_id"]] if len(pages) > 1 else None
            if len(rings) == 1:
                roi = ImagejRoi.frompoints(rings[0], name=name, position=position)
                roi.roitype = ROI_TYPE.POLYGON
                # frompoints counts the last pixel in; our corners lie between pixels already.
                roi.right -= 1
                roi.bottom -= 1
            else:
                steps: list[float] = []
                for ring in rings:
                    for number, (x, y) in enumerate(ring.tolist()):
                        steps += [0 if number == 0 else 1, x, y]
                    steps.append(4)
                corners = np.concatenate(rings)
                roi = ImagejRoi(
                    roitype=ROI_TYPE.RECT,
                    options=ROI_OPTIONS.OVERLAY_BACKGROUNDS,
                    left=int(corners[:, 0].min()),
                    top=int(corners[:, 1].min()),
                    right=int(corners[:, 0].max()),
                    bottom=int(corners[:, 1].max()),
                    shape_roi_size=len(steps),
                    multi_coordinates=np.array(steps, dtype=np.float32),
                    name=name,
                )
                if position is not None:
                    roi.position = position + 1
            roi.properties = {"class": names[item["category_id"]]}
            # A fixed date, so that the same outlines are the same bytes.
            entry = zipfile.ZipInfo(f"{name}.roi", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, roi.tobytes())
    return content.getvalue()


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
