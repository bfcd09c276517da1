"""Groups of images whose particles are outlines, drawn by hand or found by another program."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from synthwire.errors import InputError
from synthwire.io.calibration import as_pixel_size
from synthwire.io.masks import segmentation_to_rle
from synthwire.io.outlines.coco import images_of
from synthwire.io.outlines.pairing import listed
from synthwire.io.outlines.reading import read_outlines
from synthwire.segmentation.groups import Group, group_of, read_group
from synthwire.segmentation.images import read_images
from synthwire.segmentation.options import Preparation, Selection
from synthwire.segmentation.places import find_images
from synthwire.segmentation.reference import References
from synthwire.segmentation.result import CATEGORIES, IMAGE_ID, Segmentation

ALL = Selection(threshold=0.0, remove_nested=False)

Size = tuple[float, float] | None
Complain = Callable[[str], None]


def read_any_group(
    path: Path, images: Path | None, pixel_size_nm: Size, complain: Complain
) -> Group:
    """A group of results, of the images of a COCO file, or of images with outlines of any format.

    images: folder or file of the images that outlines are of; None takes results, or a COCO file,
    which says itself how large its images are. pixel_size_nm: (down, across), of all images that
    say none. complain: what hears of outlines that were repaired or left out, a line each.
    InputError where there is nothing to compare.
    """
    if path.is_dir() and (images is None or any(path.rglob("particles.csv"))):
        return read_group(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    measured = list(
        _of_coco(path, pixel_size_nm, complain)
        if images is None
        else _of_images(path, images, pixel_size_nm, complain)
    )
    if not measured:
        raise InputError(f"{path}: no outlines of {'an image' if images is None else images}")
    results = [
        ({"info": {}, "images": [one.record], "annotations": one.selected}, one.particles)
        for one in measured
    ]
    return group_of(path.stem if path.is_file() else path.name, results)


def _of_coco(path: Path, pixel_size_nm: Size, complain: Complain) -> Iterator[Segmentation]:
    """The images of a COCO file, which are black, so that no width is measured by intensity."""
    by_shape: dict[tuple[int, int], list[int]] = {}
    images = images_of(path)
    if not images:
        raise InputError(
            f"{path}: neither results nor a COCO file with images; of other outlines give the "
            "images with --images"
        )
    for number, image in enumerate(images):
        try:
            shape = int(float(image["height"])), int(float(image["width"]))
        except (TypeError, ValueError, OverflowError):
            shape = 0, 0
        if min(shape) < 1:
            raise InputError(f"{path}: images: number {number + 1} says no height and width")
        by_shape.setdefault(shape, []).append(number)
    items: dict[int, list[dict]] = {}
    for shape, numbers in by_shape.items():
        found = read_outlines(path, [images[number]["file_name"] for number in numbers], shape)
        for remark in found.remarks:
            complain(remark)
        for item in found.annotations:
            items.setdefault(numbers[item["image_id"] - 1], []).append(item)
    for shape, numbers in by_shape.items():
        for number in numbers:
            size = _size_in(path, images[number]) or pixel_size_nm
            name = images[number]["file_name"]
            yield _measured(np.zeros(shape, np.uint8), items.get(number, []), size, name)


def _size_in(path: Path, image: Mapping) -> Size:
    """The pixel size that a COCO file gives one of its images; InputError where it is none."""
    given = image["pixel_size_nm"]
    try:
        size = as_pixel_size(given)
        good = size is None or all(0 < side < math.inf for side in size)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise InputError(
            f"{path}: image '{image['file_name']}': pixel_size_nm {given!r}; one length in nm "
            "above zero is expected, or two (down, across)"
        )
    return size


def _of_images(
    path: Path, images: Path, pixel_size_nm: Size, complain: Complain
) -> Iterator[Segmentation]:
    files, problems = find_images([images], Path(), path)
    for problem in problems:
        complain(problem)
    references = References(path, files, ("nanowire",))
    without = []
    for file in files:
        try:
            pages = read_images(file, Preparation(pixel_size_nm=pixel_size_nm))
        except InputError as error:
            complain(f"{error}; left out")
            continue
        found = references.read(file, pages[0].pages, pages[0].pixels.shape)
        for remark in (*found.remarks, *([found.fault] if found.fault else [])):
            complain(remark)
        if found.annotations is None:
            without.append(file.name)
            continue
        for page in pages:
            number = (page.page or 0) + 1
            items = [item for item in found.annotations if item["image_id"] == number]
            yield _measured(page.pixels, items, page.pixel_size_nm, file.name)
    if without and len(without) < len(files):
        complain(f"{path}: no outlines of {listed(without)}; left out")


def _measured(pixels: np.ndarray, items: Sequence[dict], size: Size, name: str) -> Segmentation:
    found = []
    for item in items:
        if item.get("iscrowd"):
            continue
        rle = segmentation_to_rle(item["segmentation"], *pixels.shape)
        found.append(
            {
                "image_id": IMAGE_ID,
                "category_id": CATEGORIES[0]["id"],
                "bbox": item.get("bbox", [0.0] * 4),
                "score": 1.0,
                "segmentation": rle,
            }
        )
    return Segmentation(pixels, found, size, name, None, 1.0, CATEGORIES, {}, ALL)
