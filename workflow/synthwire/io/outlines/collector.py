"""What the readers of all formats share: taking outlines in, page by page, with remarks."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from pycocotools import mask as coco_mask
from skimage.draw import ellipse

from synthwire.errors import InputError
from synthwire.io.coco import ANNOTATION_IDS_PER_IMAGE, make_annotation
from synthwire.io.files import MemoryFile, open_binary, read_json
from synthwire.io.masks import encode_mask, segmentation_to_rle, shares_within
from synthwire.io.outlines.geometry import crosses_itself, fill, fill_all
from synthwire.io.outlines.pairing import LISTED, Fault, listed, pair
from synthwire.io.units import decode

Shape = TypeVar("Shape")

JSON_SUFFIXES = (".json", ".geojson")
DELIMITERS = (",", ";", "\t")
_WHOLE = 0.98  # of the image; an outline that covers so much is the image's own
# Classes of what is no particle, as programs name them; QuPath ends such on an asterisk.
NO_PARTICLES = ("background", "ignore", "region", "roi")
WITHIN = 0.95  # of an outline's pixels within another one
FEWEST_WITHIN = 2  # outlines within one that may be a region
FEWEST_SPREAD = 6  # outlines that chance puts into one quarter of an image once in 4**6 times
FARTHEST = 1e7  # px; what lies beyond is no place on an image
LONGEST_TEXT = 256 * 2**20  # bytes; what is longer is no file of outlines

# What a format's reader may run into when one outline is not as it should be.
BAD_OUTLINE = (
    InputError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,
    csv.Error,
    struct.error,
)


@dataclass
class Outlines:
    """What was read.

    annotations: COCO annotations with compressed RLE; image_id is the page counted from 1.
    remarks: one line for each outline that was repaired or left out, and for each renamed class;
    where the same is true of many, one line for all of them.
    """

    annotations: list[dict] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def require_pixels(rings: Sequence[np.ndarray]) -> None:
    """Refuse rings (n, 2) within one pixel: they are given in parts of the image."""
    if all((points >= 0).all() and (points <= 1).all() for points in rings):
        raise InputError("places from 0 to 1 are parts of the image, where pixels are expected")


def _in_short(places: list[str]) -> list[str]:
    """Places of which the same is true: each, or, of many, the first few in one text."""
    if len(places) <= LISTED:
        return places
    return [f"{', '.join(places[:LISTED])} … ({len(places)} in all)"]


class Collector:
    """The outlines of one file, taken in one by one.

    path: the file. names: paths or names of the pages' files (several pages of one file have one
    name). shape: their height and width. classes: names of the categories, numbered from 1.
    beside: other files of the same export by their names, where the file comes from an archive.
    """

    def __init__(
        self,
        path: Path | MemoryFile,
        names: list[str],
        shape: tuple[int, int],
        classes: tuple[str, ...],
        beside: Mapping[str, MemoryFile] | None = None,
    ) -> None:
        self.path, self.names, self.shape, self.classes = path, names, shape, classes
        self.beside = beside or {}
        self.found = Outlines()
        self.said: dict[str, dict[str, None]] = {}  # what is true of which outlines
        self.numbers = [0] * len(names)  # annotations so far, per page
        self.seen: dict[tuple[int, str], str] = {}
        self.renamed: set[str] = set()
        self.left_out: list[str] = []
        self.sized = False  # whether the file says how large its images are

    @property
    def suffix(self) -> str:
        """The file name's suffix, in lower case."""
        return self.path.suffix.lower()

    @cached_property
    def content(self) -> bytes:
        """The file's bytes; InputError when they are too many for outlines."""
        with open_binary(self.path) as file:
            content = file.read(LONGEST_TEXT + 1)
        if len(content) > LONGEST_TEXT:
            raise self.error(f"larger than {LONGEST_TEXT >> 20} MiB; no file of outlines is")
        return content

    @cached_property
    def text(self) -> str:
        """The file's text, in any usual encoding."""
        return decode(self.content)

    @cached_property
    def json(self) -> Any:
        """Content of a .json file; None of any other. InputError when it is none."""
        return read_json(self.path) if self.suffix in JSON_SUFFIXES else None

    def rows(self) -> csv.DictReader:
        """Rows of a table, whose commas a spreadsheet may have made semicolons or tabs."""
        first = self.text.partition("\n")[0]
        delimiter = max(DELIMITERS, key=first.count)
        return csv.DictReader(io.StringIO(self.text, newline=""), delimiter=delimiter)

    def outlines(self) -> Outlines:
        """All that was taken in, page by page; InputError where all of it had to be left out."""
        if self.left_out and not self.found.annotations:
            others = len(self.left_out) - 1
            more = f"; so were the {others} others" if others > 1 else "; so was the other one"
            raise InputError(self.left_out[0] + more * (others > 0))
        for page in range(len(self.names)):
            self._question(page, [x for x in self.found.annotations if x["image_id"] == page + 1])
        self.found.remarks = [
            f"{self.path}: {where}: {what}"
            for what, places in self.said.items()
            for where in _in_short(list(places))
        ]
        self.found.annotations.sort(key=lambda item: item["id"])
        return self.found

    def _question(self, page: int, items: Sequence[Mapping]) -> None:
        """Ask what a page's outlines look like: regions about particles, or places on a copy."""
        items = [item for item in items if not item["iscrowd"]]
        shares = shares_within([item["segmentation"] for item in items])
        for item, others in zip(items, (shares > WITHIN).sum(axis=0) - 1, strict=True):
            if others >= FEWEST_WITHIN:
                where = self.seen[page, item["segmentation"]["counts"]]
                self.remark(where, f"lies about {others} others; a region, not a particle?")
        boxes = np.array([item["bbox"] for item in items]).reshape(-1, 4)
        reach = (boxes[:, :2] + boxes[:, 2:]).max(axis=0, initial=0) / self.shape[::-1]
        if not self.sized and len(items) >= FEWEST_SPREAD and (reach < 0.5).all():
            what = "lie in the upper left quarter; were they drawn on a smaller copy of the image?"
            self.remark(f"all {len(items)} outlines", what)

    @contextmanager
    def attempt(self, where: str) -> Iterator[None]:
        """Leave out the outline that stands `where`, with a remark, when the block fails on it."""
        try:
            yield
        except BAD_OUTLINE as error:
            reason = str(error) if isinstance(error, InputError) else f"no proper outline ({error})"
            self.leave_out(where, reason)

    def leave_out(self, where: str, why: str) -> None:
        """Remark that an outline is left out, and why."""
        self.remark(where, f"{why}; left out")
        self.left_out.append(f"{self.path}: {where}: {why}; left out")

    def remark(self, where: str, what: str) -> None:
        """Say what was done to the outline that stands `where` in the file."""
        self.said.setdefault(what, {})[where] = None

    def error(self, what: str) -> InputError:
        """What to raise when the file as a whole is of no use."""
        return InputError(f"{self.path}: {what}")

    def take(
        self, page: int, where: str, mask_of: Callable[[], dict | None], class_name: str
    ) -> None:
        """Take in what `mask_of` makes, unless it gives None or fails."""
        rle = None
        with self.attempt(where):
            rle = mask_of()
        if rle is not None:
            self.add(page, where, rle, class_name)

    def take_group(
        self,
        page: int,
        shapes: Sequence[tuple[str, Shape]],
        mask_of: Callable[[Shape, str], dict],
        class_name: str,
    ) -> None:
        """Take in one particle of several shapes, each with where it stands; bad ones are left out.

        mask_of: the RLE of a shape that stands there.
        """
        masks = []
        for where, shape in shapes:
            with self.attempt(where):
                masks.append(mask_of(shape, where))
        if not masks:
            return
        where = shapes[0][0]
        if len(shapes) > 1:
            self.remark(where, f"one particle of {len(shapes)} shapes, as they are one group")
        self.add(page, where, self.merge(masks), class_name)

    def merge(self, masks: list[dict]) -> dict:
        """RLE of all that is in any of the masks."""
        return segmentation_to_rle(coco_mask.merge(masks), *self.shape)

    def add(
        self,
        page: int,
        where: str,
        rle: dict,
        class_name: str,
        iscrowd: int = 0,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Take one mask in, unless it is empty or stands there already."""
        area = int(coco_mask.area(rle))
        if area == 0:
            self.leave_out(where, "empty or outside the image")
            return
        if area >= _WHOLE * self.shape[0] * self.shape[1] and not iscrowd:
            self.leave_out(where, "covers the whole image, as no particle does")
            return
        if class_name.strip("_*").casefold() in NO_PARTICLES and class_name not in self.classes:
            self.leave_out(where, f"of the class '{class_name}', which is no particle")
            return
        key = (page, rle["counts"])
        if key in self.seen:
            self.remark(where, f"the same as {self.seen[key]}; left out")
            return
        self.seen[key] = where
        self.numbers[page] += 1
        more: dict = {"attributes": attributes} if attributes else {}
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

    def mask_of_rings(self, rings: Sequence[ArrayLike], where: str) -> dict:
        """RLE of closed rings of points (x, y): what an odd number of them encloses."""
        mask = np.zeros(self.shape, dtype=bool)
        height, width = self.shape
        good = []
        for ring in rings:
            points = np.asarray(ring, dtype=float).reshape(-1, 2)
            if len(points) > 1 and (points[0] == points[-1]).all():
                points = points[:-1]
            if len(points) >= 3 and np.isfinite(points).all() and abs(points).max() < FARTHEST:
                good.append(points)
        if not good:
            raise InputError("a ring needs three points or more, all of them numbers")
        require_pixels(good)
        if len(good) < len(rings):
            self.remark(where, f"{len(rings) - len(good)} of {len(rings)} rings left out: no area")
        for points in good:
            low, high = points.min(axis=0), points.max(axis=0)
            if (low < -1).any() or high[0] > width + 1 or high[1] > height + 1:
                self.remark(where, "reaches outside the image; cut at its border")
            crossed = crosses_itself(points)
            ring = (fill_all if crossed else fill)(points, self.shape)
            if crossed:
                self.remark(where, "crosses itself; all that it encloses was filled")
            mask ^= ring
        return encode_mask(mask)

    def mask_of_box(self, low: ArrayLike, high: ArrayLike, where: str) -> dict:
        """RLE of a rectangle along the axes, from its corner (left, top) to (right, bottom)."""
        (left, top), (right, bottom) = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        ring = [[left, top], [right, top], [right, bottom], [left, bottom]]
        return self.mask_of_rings([ring], where)

    def mask_of_oval(self, centre: ArrayLike, radii: ArrayLike, turn: float = 0.0) -> dict:
        """RLE of an ellipse about (x, y), its half axes turned clockwise as seen, in radians."""
        (x, y), (rx, ry) = np.asarray(centre, dtype=float), np.asarray(radii, dtype=float)
        if not np.isfinite([x, y, rx, ry, turn]).all() or max(abs(x), abs(y), rx, ry) > FARTHEST:
            raise InputError("an ellipse needs a centre and two half axes in pixels")
        mask = np.zeros(self.shape, dtype=bool)
        mask[ellipse(y - 0.5, x - 0.5, ry, rx, shape=self.shape, rotation=-turn)] = True
        return encode_mask(mask)

    def pages_of(self, names: Sequence[str], what: str = "outlines of") -> list[tuple[int, int]]:
        """(page, place in `names`) of each image; names: of the images that the file tells apart.

        The only image goes with the only name, with a remark where they differ; the pages of one
        file go with as many entries of its name in their order. InputError where an image has
        none, or could have several.
        """
        own = list(dict.fromkeys(self.names))
        if not names:
            raise self.error(f"no {what} '{own[0]}': the file names no image")
        found = pair(own, names)
        if len(own) == 1 and len(names) == len(self.names) and not isinstance(found[0], str):
            if names[0]:
                self.remark(f"'{names[0]}'", f"taken as '{Path(own[0]).name}', the only image")
            return [(page, page) for page in range(len(self.names))]
        pages: list[tuple[int, int]] = []
        for image, name in zip(own, found, strict=True):
            if isinstance(name, Fault):
                raise self.error(str(name))
            if name is None:
                raise self.error(
                    f"no {what} '{Path(image).name}'; what the file lists is {listed(names)}"
                )
            places = [place for place, given in enumerate(names) if given == name]
            mine = [page for page, given in enumerate(self.names) if given == image]
            if len(mine) == len(places):
                pages += zip(mine, places, strict=True)
            elif len(mine) == 1:
                raise self.error(f"'{name}' stands there {len(places)} times; each image once")
            else:
                raise self.error(
                    f"{len(places)} images are annotated, but {Path(image).name} has "
                    f"{len(mine)} pages; one entry is expected for each page"
                )
        return sorted(pages)

    def require_shape(self, height: Any, width: Any, where: str) -> None:
        """Refuse a file that is for images of another size; None says nothing of the size."""
        try:
            size = int(float(height)), int(float(width))
        except (TypeError, ValueError, OverflowError):
            return
        self.sized = min(size) > 0
        if size != self.shape and self.sized:
            raise self.error(
                f"{where} is {size[0]} × {size[1]} pixels there, but the image file is "
                f"{self.shape[0]} × {self.shape[1]}"
            )
