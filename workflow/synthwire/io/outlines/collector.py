"""What the readers of all formats share: taking outlines in, page by page, with remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from scipy import ndimage
from skimage.draw import ellipse

from synthwire.errors import InputError
from synthwire.io.coco import ANNOTATION_IDS_PER_IMAGE, make_annotation
from synthwire.io.files import MemoryFile, read_json
from synthwire.io.masks import encode_mask
from synthwire.io.outlines.geometry import crosses_itself, fill


@dataclass
class Outlines:
    """What was read.

    annotations: COCO annotations with compressed RLE; image_id is the page counted from 1.
    remarks: one line for each outline that was repaired or left out, and for each renamed class.
    """

    annotations: list[dict] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class Collector:
    """The outlines of one file, taken in one by one.

    path: the file. names: file names of the pages (several pages of one file have one name).
    shape: their height and width. classes: names of the categories, numbered from 1.
    """

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

    @cached_property
    def json(self) -> Any:
        """Content of a .json file; None of any other. InputError when it is none."""
        return read_json(self.path) if self.path.suffix.lower() == ".json" else None

    def outlines(self) -> Outlines:
        """All that was taken in, page by page."""
        self.found.annotations.sort(key=lambda item: item["id"])
        return self.found

    def remark(self, where: str, what: str) -> None:
        """Say what was done to the outline that stands `where` in the file."""
        self.found.remarks.append(f"{self.path}: {where}: {what}")

    def error(self, what: str) -> InputError:
        """What to raise when the file as a whole is of no use."""
        return InputError(f"{self.path}: {what}")

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
                category_id=self.category_of(class_name),
                iscrowd=iscrowd,
                **more,
            )
        )

    def category_of(self, name: str) -> int:
        """Number of a class; the only class there is goes with any name, with a remark."""
        for number, known in enumerate(self.classes, start=1):
            if name.casefold() == known.casefold():
                return number
        if len(self.classes) > 1:
            raise self.error(f"class '{name}' is none of the config's: {', '.join(self.classes)}")
        if name and name not in self.renamed:
            self.renamed.add(name)
            self.remark(f"class '{name}'", f"taken as '{self.classes[0]}', the only class there is")
        return 1

    def mask_of_rings(self, rings: Sequence[np.ndarray], where: str) -> dict:
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

    def mask_of_box(self, x: float, y: float, right: float, bottom: float, where: str) -> dict:
        """RLE of a rectangle along the axes."""
        return self.mask_of_rings([[[x, y], [right, y], [right, bottom], [x, bottom]]], where)

    def mask_of_oval(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> dict:
        """RLE of an ellipse about (x, y), its half axes turned clockwise as seen, in radians."""
        mask = np.zeros(self.shape, dtype=bool)
        mask[ellipse(y - 0.5, x - 0.5, ry, rx, shape=self.shape, rotation=-turn)] = True
        return encode_mask(mask)

    def page_of(self, name: str) -> int | None:
        """Page of a file name; the only page there is goes with any name."""
        if len(self.names) == 1:
            return 0
        plain = Path(str(name).replace("\\", "/")).name
        return self.names.index(plain) if self.names.count(plain) == 1 else None

    def require_shape(self, height, width, where: str) -> None:
        """Refuse a file that is for images of another size; None says nothing of the size."""
        if (height, width) != self.shape and height is not None:
            raise self.error(
                f"{where} is {height} × {width} pixels there, but the image file is "
                f"{self.shape[0]} × {self.shape[1]}"
            )
