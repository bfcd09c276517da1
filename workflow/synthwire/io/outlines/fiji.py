"""Fiji ROIs: one (.roi), many (.zip), or those that a TIFF carries as ImageJ's overlay."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

from synthwire.errors import InputError
from synthwire.io.files import atomic_path, open_binary
from synthwire.io.masks import decode_crop
from synthwire.io.outlines.archives import (
    DAMAGED_ARCHIVE,
    LARGEST_ROI_ARCHIVE,
    is_archive_of_files,
    is_of_the_system,
)
from synthwire.io.outlines.collector import BAD_OUTLINE, Collector
from synthwire.io.outlines.fiji_shapes import mask_of_roi
from synthwire.io.outlines.geometry import rings_of
from synthwire.io.recordings.tiff import open_tiff


def recognises(collector: Collector) -> bool:
    """A .roi, an archive of them, or a TIFF that carries ROIs as ImageJ's overlay."""
    if collector.suffix in (".tif", ".tiff"):
        return bool(_overlay(collector))
    return collector.suffix in (".zip", ".roi") and not is_archive_of_files(collector.path)


def read(collector: Collector) -> None:
    """Take in the ROIs that enclose an area; a ROI's position is the slice it lies on."""
    try:
        parts = _parts(collector)
    except InputError:
        raise
    except DAMAGED_ARCHIVE as error:
        raise collector.error(f"no Fiji ROI file, or a damaged one ({error})") from None
    if not parts:
        raise collector.error("no Fiji ROI in it")
    rois = []
    for number, (name, content) in enumerate(parts, start=1):
        try:
            rois.append((number, ImagejRoi.frombytes(content)))
        except BAD_OUTLINE as error:
            what = f"no Fiji ROI file, or a damaged one ({error})"
            if len(parts) == 1:
                raise collector.error(what) from None
            collector.leave_out(f"ROI {name or number}", what)
    slices = {number: max(roi.position, roi.t_position, roi.z_position, 1) for number, roi in rois}
    pages = len(collector.names)
    kinds = zip(*((roi.z_position, roi.t_position) for _, roi in rois), strict=True)
    if pages > 1 and rois and min(map(max, kinds)) > 1:
        raise collector.error(
            f"ROIs on several slices and frames; which of {pages} pages these are is not said; "
            "save one frame, and its ROIs"
        )
    anywhere = [roi for _, roi in rois if not max(roi.position, roi.t_position, roi.z_position)]
    if pages > 1 and anywhere:
        collector.remark(f"{len(anywhere)} ROIs", "name no slice; taken as those of the first")
    if pages == 1 and len(set(slices.values())) == 1 and max(slices.values()) > 1:
        collector.remark(
            f"slice {max(slices.values())}", "all ROIs lie on it; taken as those of the only image"
        )
        slices = dict.fromkeys(slices, 1)
    for number, roi in rois:
        where = f"ROI {roi.name or parts[number - 1][0] or number}"
        if slices[number] > pages:
            collector.leave_out(where, f"lies on slice {slices[number]} of {pages}")
            continue
        label = str(roi.properties.get("class", ""))
        collector.take(
            slices[number] - 1, where, partial(mask_of_roi, collector, roi, where), label
        )


def _parts(collector: Collector) -> list[tuple[str, bytes]]:
    """(name, content) of each ROI of a file; other files in an archive are named in remarks."""
    if collector.suffix in (".tif", ".tiff"):
        collector.remark("overlay", "ImageJ's ROIs in it were taken, not its pixels")
        return [("", content) for content in _overlay(collector)]
    if collector.suffix == ".roi":
        return [("", collector.content)]
    parts = []
    with open_binary(collector.path) as file, zipfile.ZipFile(file) as archive:
        entries = [entry for entry in archive.infolist() if not is_of_the_system(entry.filename)]
        if sum(entry.file_size for entry in entries) > LARGEST_ROI_ARCHIVE:
            raise collector.error(f"unpacks to more than {LARGEST_ROI_ARCHIVE >> 20} MiB")
        for entry in entries:
            if entry.filename.lower().endswith(".roi"):
                parts.append((Path(entry.filename).stem, archive.read(entry)))
            else:
                collector.remark(entry.filename, "no ROI; left out")
    return parts


def _overlay(collector: Collector) -> list[bytes]:
    """The ROIs of a TIFF's overlay; where nothing is in the picture the one that was selected."""
    try:
        with open_tiff(collector.path) as tiff:
            metadata = tiff.imagej_metadata or {}
            found = metadata.get("Overlays") or []
            if not found and "ROI" in metadata and np.ptp(tiff.pages.first.asarray()) == 0:
                found = metadata["ROI"]
    except Exception:  # no TIFF, or a damaged one: whoever reads its pixels says so
        return []
    return [found] if isinstance(found, bytes) else list(found)


def write_fiji_rois(path: str | os.PathLike, data: dict) -> None:
    """Write the annotations of a COCO data set as a Fiji ROI zip, atomically; see `fiji_rois`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(fiji_rois(data))


def fiji_rois(data: dict) -> bytes:
    """The annotations of a COCO data set as the content of a Fiji ROI zip.

    One ROI for each particle, named by its annotation id; masks of several parts or with holes are
    composite ROIs. With several images the ROI's position is the slice.
    """
    pages = {image["id"]: page for page, image in enumerate(data["images"])}
    names = {item["id"]: item["name"] for item in data["categories"]}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for item in data["annotations"]:
            rings = rings_of(*decode_crop(item["segmentation"]))
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
            by_hand = item.get("attributes", {}).get("by_hand")
            roi.properties = {
                "class": names[item["category_id"]],
                **({"by_hand": by_hand} if by_hand else {}),
            }
            _add(archive, roi)
    return content.getvalue()


def fiji_lines(lines: Mapping[int, tuple[np.ndarray, float]]) -> bytes:
    """Lines as the content of a Fiji ROI zip.

    lines: points (n, 2) as x, y, and width in px, by number. A ROI is a segmented line as wide as
    the particle: Fiji's straightening and plot of a profile take it as it is.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, (points, width) in lines.items():
            points = np.asarray(points, dtype=np.float32)
            roi = ImagejRoi.frompoints(points, name=f"{number:04d}")
            roi.roitype = ROI_TYPE.POLYLINE
            roi.stroke_width = max(1, round(width))
            roi.version = max(roi.version, 228)  # the first that has fractions of a width
            roi.float_stroke_width = width
            _add(archive, roi)
    return content.getvalue()


def _add(archive: zipfile.ZipFile, roi: ImagejRoi) -> None:
    # A fixed date, so that the same outlines are the same bytes.
    entry = zipfile.ZipInfo(f"{roi.name}.roi", date_time=(1980, 1, 1, 0, 0, 0))
    archive.writestr(entry, roi.tobytes())
