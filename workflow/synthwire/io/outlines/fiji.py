"""Fiji ROIs: one (.roi) or many (.zip)."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, atomic_path, open_binary
from synthwire.io.masks import decode_mask
from synthwire.io.outlines.collector import Collector
from synthwire.io.outlines.geometry import rings_of

LARGEST_ROI_ARCHIVE = 256 * 2**20  # bytes; what unpacks to more is no set of outlines


def recognises(collector: Collector) -> bool:
    return collector.path.suffix.lower() in (".zip", ".roi")


def read(collector: Collector) -> None:
    """Take in the ROIs that enclose an area; a ROI's position is the slice it lies on."""
    from roifile import ROI_TYPE

    try:
        rois = _rois(collector.path)
    except InputError:
        raise
    except (ValueError, OSError, zipfile.BadZipFile, struct.error, IndexError) as error:
        raise collector.error(f"no Fiji ROI file, or a damaged one ({error})") from None
    filled = {
        ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED, ROI_TYPE.RECT, ROI_TYPE.OVAL
    }  # fmt: skip
    for number, roi in enumerate(rois, start=1):
        where = f"ROI {roi.name or number}"
        page = max(roi.position, roi.t_position, roi.z_position, 1) - 1
        if page >= len(collector.names):
            raise collector.error(f"{where} lies on slice {page + 1} of {len(collector.names)}")
        if roi.roitype not in filled:
            collector.remark(where, f"a {roi.roitype.name.lower()} encloses nothing; left out")
            continue
        if roi.roitype == ROI_TYPE.OVAL:
            rx, ry = (roi.right - roi.left) / 2, (roi.bottom - roi.top) / 2
            rle = collector.mask_of_oval(roi.left + rx, roi.top + ry, rx, ry)
        else:
            rle = collector.mask_of_rings(roi.coordinates(multi=True), where)
        collector.add(page, where, rle, str(roi.properties.get("class", "")))


def _rois(path: Path | MemoryFile) -> list:
    """The ROIs of a .roi file, or those of a .zip."""
    from roifile import ImagejRoi

    with open_binary(path) as file:
        if path.suffix.lower() == ".roi":
            return [ImagejRoi.frombytes(file.read())]
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > LARGEST_ROI_ARCHIVE:
                raise InputError(f"{path}: unpacks to more than {LARGEST_ROI_ARCHIVE >> 20} MiB")
            return [ImagejRoi.frombytes(archive.read(entry)) for entry in entries]


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
