"""Outlines from annotation tools.

COCO JSON (makesense.ai, CVAT, pycocotools; polygons and both kinds of RLE), VGG Image Annotator
JSON (VIA, makesense.ai), LabelMe JSON, Fiji ROIs (.roi, .zip), label images (TIFF, PNG). What is
wrong with a single outline does not stop the reading: it is repaired or left out, and a remark says
which outline and what was done.
"""

from __future__ import annotations

import base64
import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from pycocotools import mask as coco_mask
from scipy import ndimage
from skimage.draw import ellipse

from synthwire.errors import InputError
from synthwire.io.coco import (
    ANNOTATION_IDS_PER_IMAGE,
    annotations_by_image,
    make_annotation,
    read_coco,
)
from synthwire.io.files import MemoryFile, Source, as_source, open_source, read_json
from synthwire.io.masks import decode_mask, encode_mask, segmentation_to_rle
from synthwire.io.outlines.geometry import crosses_itself, fill
from synthwire.io.outlines.writing import LAYERS_KEY
from synthwire.io.recordings import read_recording, tiff_file

LARGEST_ROI_ARCHIVE = 256 * 2**20  # bytes; what unpacks to more is no set of outlines


@dataclass
class Outlines:
    """What was read.

    annotations: COCO annotations with compressed RLE; image_id is the page counted from 1.
    remarks: one line for each outline that was repaired or left out, and for each renamed class.
    """

    annotations: list[dict] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_outlines(
    path: Source,
    names: Sequence[str],
    shape: tuple[int, int],
    *,
    classes: Sequence[str] = ("nanowire",),
) -> Outlines:
    """Read the outlines of one image, or of the pages of one image set, from any known format.

    names: file names of the pages (several pages of one file have one name); shape: their height
    and width. A class name of the file that is none of `classes` is taken as the only class there
    is, with a remark; with several classes it is an error. InputError in one line when the file
    is of no known format, belongs to other images, or is of another size.
    """
    path = as_source(path)
    reader = _Reader(path, list(names), tuple(shape), tuple(classes))
    if not isinstance(path, MemoryFile) and not path.is_file():
        raise InputError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix in (".zip", ".roi"):
        reader.read_fiji()
    elif suffix == ".json":
        data = read_json(path)
        if isinstance(data, dict) and isinstance(data.get("shapes"), list):
            reader.read_labelme(data)
        elif isinstance(data, dict) and "images" in data and "annotations" in data:
            reader.read_coco()
        elif isinstance(data, dict) and _via_images(data):
            reader.read_via(_via_images(data))
        else:
            raise InputError(
                f"{path}: neither COCO, nor VGG Image Annotator, nor LabelMe JSON with outlines"
            )
    else:
        reader.read_labels()
    return reader.finished()


class _Reader:
    def __init__(
        self,
        path: Path | MemoryFile,
        names: list[str],
        shape: tuple[int, int],
        classes: tuple[str, ...],
    ):
        self.path, self.names, self.shape, self.classes = path, names, shape, classes
        self.found = Outlines()
        self.numbers = [0] * len(names)  # annotations so far, per page
        self.seen: dict[tuple[int, str], str] = {}
        self.renamed: set[str] = set()

    def finished(self) -> Outlines:
        self.found.annotations.sort(key=lambda item: item["id"])
        return self.found

    def remark(self, where: str, what: str) -> None:
        self.found.remarks.append(f"{self.path}: {where}: {what}")

    def add(
        self, page: int, where: str, rle: dict, class_name: str, iscrowd: int = 0, attributes=None
    ) -> None:
        """Take one mask in, unless it is empty or stands there already."""
        if coco_mask.area(rle) == 0:
            self.remark(where, "empty or outside the image; left out")
            return
        key = (page, rle["counts"])
        if key in self.seen:
            self.remark(where, f"the same as {self.seen[key]}; left out")
            return
        self.seen[key] = where
        self.numbers[page] += 1
        more = {"attributes": attributes} if attributes else {}
        self.found.annotations.append(
            make_annotation(
                page * ANNOTATION_IDS_PER_IMAGE + self.numbers[page],
                page + 1,
                rle,
                category_id=self.category(class_name),
                iscrowd=iscrowd,
                **more,
            )
        )

    def category(self, name: str) -> int:
        for number, known in enumerate(self.classes, start=1):
            if name.casefold() == known.casefold():
                return number
        if len(self.classes) > 1:
            raise InputError(
                f"{self.path}: class '{name}' is none of the config's: {', '.join(self.classes)}"
            )
        if name and name not in self.renamed:
            self.renamed.add(name)
            self.remark(f"class '{name}'", f"taken as '{self.classes[0]}', the only class there is")
        return 1

    def rings(self, rings: Sequence[np.ndarray], where: str) -> dict:
        """RLE of closed rings of points (x, y): what an odd number of them encloses."""
        mask = np.zeros(self.shape, dtype=bool)
        height, width = self.shape
        for points in rings:
            points = np.asarray(points, dtype=float).reshape(-1, 2)
            if len(points) > 1 and (points[0] == points[-1]).all():
                points = points[:-1]
            if len(points) < 3 or not np.isfinite(points).all():
                continue
            low, high = points.min(axis=0), points.max(axis=0)
            if (low < -1).any() or high[0] > width + 1 or high[1] > height + 1:
                self.remark(where, "reaches outside the image; cut at its border")
            ring = fill(points, self.shape)
            if crosses_itself(points):
                ring = ndimage.binary_fill_holes(ring)
                self.remark(where, "crosses itself; all that it encloses was filled")
            mask ^= ring
        return encode_mask(mask)

    def page_of(self, name: str) -> int | None:
        """Page of a file name; the only page there is goes with any name."""
        if len(self.names) == 1:
            return 0
        plain = Path(str(name).replace("\\", "/")).name
        return self.names.index(plain) if self.names.count(plain) == 1 else None

    def require_shape(self, height, width, where: str) -> None:
        if (height, width) != self.shape and height is not None:
            raise InputError(
                f"{self.path}: {where} is {height} × {width} pixels there, but the image file is "
                f"{self.shape[0]} × {self.shape[1]}"
            )

    # -- formats ----------------------------------------------------------------------------------

    def read_coco(self) -> None:
        data = read_coco(self.path)
        by_id = {item["id"]: str(item.get("name", "")) for item in data["categories"]}
        groups = annotations_by_image(data)
        for page, image in self.match_coco(data["images"]):
            self.require_shape(image.get("height"), image.get("width"), f"image {image['id']}")
            for item in groups[image["id"]]:
                where = f"annotation {item['id']}"
                attributes = item.get("attributes") or {}
                crowd = int(item.get("iscrowd") or 0)
                segmentation = item["segmentation"]
                if crowd and isinstance(segmentation, dict) and "occluded" in attributes:
                    crowd = 0  # CVAT marks every mask that is no polygon so
                if isinstance(segmentation, list):
                    rle = self.united(segmentation, where)
                else:
                    try:
                        rle = segmentation_to_rle(segmentation, *self.shape)
                        decode_mask(rle)  # notices a code that runs over the image
                    except InputError as error:
                        raise InputError(f"{self.path}: {where}: {error}") from None
                    except (KeyError, TypeError, ValueError, OverflowError) as error:
                        raise InputError(
                            f"{self.path}: {where}: no proper run-length code ({error})"
                        ) from None
                crowd = int(crowd or attributes.get("confidence") == "low")
                self.add(page, where, rle, by_id[item["category_id"]], crowd, attributes)

    def united(self, polygons: Sequence, where: str) -> dict:
        """COCO polygons as pycocotools fills them, but for those that need repair."""
        rles = []
        for polygon in polygons:
            points = np.asarray(polygon, dtype=float)
            if points.ndim != 1 or len(points) % 2 or len(points) < 6:
                raise InputError(
                    f"{self.path}: {where}: a polygon needs an even count of numbers, at least six"
                )
            points = points.reshape(-1, 2)
            low, high = points.min(axis=0), points.max(axis=0)
            inside = (low >= 0).all() and high[0] <= self.shape[1] and high[1] <= self.shape[0]
            if inside and not crosses_itself(points):
                rles.append(segmentation_to_rle([polygon], *self.shape))
            else:
                rles.append(self.rings([points], where))
        if not rles:
            return encode_mask(np.zeros(self.shape, dtype=bool))
        merged = coco_mask.merge(rles)
        return segmentation_to_rle(merged, *self.shape)

    def match_coco(self, images: Sequence[dict]) -> list[tuple[int, dict]]:
        """(page, COCO image) pairs: by "page" or order within one file, else by file name."""
        names = self.names
        if len(images) == len(names) and len(set(names)) == 1:
            if all("page" in image for image in images):
                pages = [image["page"] for image in images]
                if sorted(pages) != list(range(len(names))):
                    raise InputError(
                        f"{self.path}: images: 'page' must run from 0 to {len(names) - 1}"
                    )
                return list(zip(pages, images, strict=True))
            return list(enumerate(images))
        if len(set(names)) < len(names):
            raise InputError(
                f"{self.path}: {len(images)} images are annotated, but {names[0]} has "
                f"{len(names)} pages; one entry under 'images' is expected for each page"
            )
        by_name = {Path(str(image.get("file_name", ""))).name: image for image in images}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise InputError(
                f"{self.path}: no image with file_name '{missing[0]}'; what the file lists is "
                f"{', '.join(sorted(by_name)[:5])}"
            )
        return [(page, by_name[name]) for page, name in enumerate(names)]

    def read_via(self, images: Iterable[dict]) -> None:
        taken = False
        for image in images:
            name = image.get("filename", "")
            page = self.page_of(name)
            if page is None:
                continue
            taken = True
            regions = image["regions"]
            regions = regions.items() if isinstance(regions, dict) else enumerate(regions)
            for key, region in regions:
                where = f"{name}: region {key}"
                shape = region.get("shape_attributes", {})
                attributes = region.get("region_attributes", {})
                label = next((str(value) for value in attributes.values() if value), "")
                try:
                    mask = self.via_mask(shape, where)
                except (KeyError, TypeError, ValueError) as error:
                    raise InputError(f"{self.path}: {where}: no proper outline ({error})") from None
                if mask is not None:
                    self.add(page, where, mask, label)
        if not taken:
            raise InputError(f"{self.path}: has no outlines for {self.names[0]}")

    def via_mask(self, shape: dict, where: str) -> dict | None:
        kind = shape.get("name")
        if kind in ("polygon", "polyline"):
            points = np.column_stack([shape["all_points_x"], shape["all_points_y"]])
            return self.rings([points], where)
        if kind == "rect":
            x, y = float(shape["x"]), float(shape["y"])
            right, bottom = x + float(shape["width"]), y + float(shape["height"])
            return self.rings([[[x, y], [right, y], [right, bottom], [x, bottom]]], where)
        if kind in ("circle", "ellipse"):
            radii = [float(shape.get("r", shape.get(f"r{axis}", 0))) for axis in "xy"]
            turn = float(shape.get("theta", 0.0))
            return self.oval(float(shape["cx"]), float(shape["cy"]), *radii, turn)
        self.remark(where, f"a {kind} encloses nothing; left out")
        return None

    def oval(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> dict:
        mask = np.zeros(self.shape, dtype=bool)
        mask[ellipse(y - 0.5, x - 0.5, ry, rx, shape=self.shape, rotation=-turn)] = True
        return encode_mask(mask)

    def read_labelme(self, data: dict) -> None:
        self.require_shape(data.get("imageHeight"), data.get("imageWidth"), "the image")
        page = self.page_of(data.get("imagePath", ""))
        if page is None:
            raise InputError(f"{self.path}: is for {data.get('imagePath')}, none of these images")
        groups: dict = {}
        for number, shape in enumerate(data["shapes"]):
            group = shape.get("group_id")
            key = number if group is None else (shape.get("label"), group)
            groups.setdefault(key, []).append((f"shape {number}", shape))
        for members in groups.values():
            masks = []
            for where, shape in members:
                try:
                    rle = self.labelme_mask(shape, where)
                except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
                    raise InputError(f"{self.path}: {where}: no proper outline ({error})") from None
                if rle is not None:
                    masks.append(rle)
            if masks:
                merged = segmentation_to_rle(coco_mask.merge(masks), *self.shape)
                self.add(page, members[0][0], merged, str(members[0][1].get("label", "")))

    def labelme_mask(self, shape: dict, where: str) -> dict | None:
        kind = shape.get("shape_type", "polygon")
        points = np.asarray(shape["points"], dtype=float).reshape(-1, 2)
        if kind == "polygon":
            return self.rings([points], where)
        if kind == "rectangle":
            (x, y), (right, bottom) = points.min(axis=0), points.max(axis=0)
            return self.rings([[[x, y], [right, y], [right, bottom], [x, bottom]]], where)
        if kind == "circle":
            radius = float(np.hypot(*(points[1] - points[0])))
            return self.oval(*points[0], radius, radius)
        if kind == "mask":
            content = base64.b64decode(shape["mask"], validate=True)
            part = np.array(Image.open(io.BytesIO(content), formats=("PNG",))) > 0
            left, top = (int(value) for value in points[0])
            mask = np.zeros(self.shape, dtype=bool)
            place = mask[top : top + part.shape[0], left : left + part.shape[1]]
            place |= part[: place.shape[0], : place.shape[1]]
            return encode_mask(mask)
        self.remark(where, f"a {kind} encloses nothing; left out")
        return None

    def read_fiji(self) -> None:
        from roifile import ROI_TYPE

        try:
            rois = _fiji_rois(self.path)
        except InputError:
            raise
        except (ValueError, OSError, zipfile.BadZipFile, struct.error, IndexError) as error:
            raise InputError(f"{self.path}: no Fiji ROI file, or a damaged one ({error})") from None
        filled = {
            ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED, ROI_TYPE.RECT, ROI_TYPE.OVAL
        }  # fmt: skip
        for number, roi in enumerate(rois, start=1):
            where = f"ROI {roi.name or number}"
            page = max(roi.position, roi.t_position, roi.z_position, 1) - 1
            if page >= len(self.names):
                raise InputError(
                    f"{self.path}: {where} lies on slice {page + 1} of {len(self.names)}"
                )
            if roi.roitype not in filled:
                self.remark(where, f"a {roi.roitype.name.lower()} encloses nothing; left out")
                continue
            if roi.roitype == ROI_TYPE.OVAL:
                rx, ry = (roi.right - roi.left) / 2, (roi.bottom - roi.top) / 2
                rle = self.oval(roi.left + rx, roi.top + ry, rx, ry)
            else:
                rle = self.rings(roi.coordinates(multi=True), where)
            self.add(page, where, rle, str(roi.properties.get("class", "")))

    def read_labels(self) -> None:
        pages = read_recording(self.path).pages
        if pages.ndim != 3:
            raise InputError(f"{self.path}: a colour image is no label image; one channel expected")
        if not np.isfinite(pages).all() or (pages != np.floor(pages)).any() or (pages < 0).any():
            raise InputError(f"{self.path}: labels must be whole numbers from 0 (0 is no particle)")
        self.require_shape(*pages.shape[1:], "each page")
        layers = _are_layers(self.path)
        if not layers and len(pages) != len(self.names):
            raise InputError(
                f"{self.path}: {len(pages)} pages of labels for {len(self.names)} images"
            )
        for number, labels in enumerate(pages):
            page = 0 if layers else number
            for label in np.unique(labels[labels > 0]):
                mask = labels == label
                self.add(page, f"label {int(label)}", encode_mask(mask), self.classes[0])


def _via_images(data: dict) -> list[dict]:
    """The images of a VIA file: an annotation export or a whole project."""
    images = data.get("_via_img_metadata", data)
    if not isinstance(images, dict) or not images:
        return []
    values = list(images.values())
    good = all(isinstance(item, dict) and "regions" in item for item in values)
    return values if good else []


def _fiji_rois(path: Path | MemoryFile) -> list:
    """The ROIs of a .roi file, or those of a .zip."""
    from roifile import ImagejRoi

    with open_source(path) as file:
        if path.suffix.lower() == ".roi":
            return [ImagejRoi.frombytes(file.read())]
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > LARGEST_ROI_ARCHIVE:
                raise InputError(f"{path}: unpacks to more than {LARGEST_ROI_ARCHIVE >> 20} MiB")
            return [ImagejRoi.frombytes(archive.read(entry)) for entry in entries]


def _are_layers(path: Path | MemoryFile) -> bool:
    try:
        with tiff_file(path) as tiff:
            return bool((tiff.shaped_metadata or ({},))[0].get(LAYERS_KEY))
    except tifffile.TiffFileError:
        return False
