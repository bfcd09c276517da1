"""Images of a data set or an image set together with their outlines."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from synthwire.errors import InputError
from synthwire.io.coco import annotations_by_image, read_coco
from synthwire.io.masks import decode_mask
from synthwire.io.recordings import read_recording


def _pages(path: Path) -> np.ndarray:
    return read_recording(path).pages


@dataclass(frozen=True)
class AnnotatedImage:
    """One image with its outlines.

    label: what people call its image set ("X-ray ptychography").
    annotations: COCO annotations with RLE segmentation; those with iscrowd = 1 are ignore regions.
    pixel_size_nm: one number, [vertical, horizontal], or None when unknown.
    pages_of: reads all pages of a file; the images of one file share what it has read.
    """

    path: Path
    page: int
    image_id: int
    width: int
    height: int
    label: str
    annotations: tuple[dict, ...]
    pixel_size_nm: float | tuple[float, float] | None = None
    pixel_size_assumed: bool = False
    pages_of: Callable[[Path], np.ndarray] = field(default=_pages, repr=False, compare=False)

    @cached_property
    def pixels(self) -> np.ndarray:
        """The image, uint8 (height, width) or (height, width, 3); read when first asked for."""
        pages = self.pages_of(self.path)
        if self.page >= len(pages):
            raise InputError(
                f"{self.path}: {len(pages)} pages, but its annotations name page {self.page}"
            )
        pixels = pages[self.page]
        if pixels.shape[:2] != (self.height, self.width):
            raise InputError(
                f"{self.path}: {pixels.shape[1]} × {pixels.shape[0]} pixels, "
                f"but its annotations are for {self.width} × {self.height}"
            )
        return pixels

    @property
    def aspect(self) -> float:
        """Width by height."""
        return self.width / self.height

    def masks(self, *, ignored: bool = False) -> list[np.ndarray]:
        """Boolean masks (height, width) of the particles, or of the ignore regions."""
        return [decode_mask(rle) for rle in self.rles(ignored=ignored)]

    def rles(self, *, ignored: bool = False) -> list[dict]:
        """The same as run-length encodings."""
        return [
            item["segmentation"]
            for item in self.annotations
            if bool(item.get("iscrowd", 0)) == ignored
        ]


def read_image_set(folder: str | os.PathLike) -> list[AnnotatedImage]:
    """The images of microscopy/{images}, as `prepare_image_set` writes them."""
    folder = Path(folder)
    data = read_coco(folder / "annotations.json")
    groups, pages_of = annotations_by_image(data), cache(_pages)
    images = []
    for record in data["images"]:
        size = record["pixel_size_nm"]
        images.append(
            AnnotatedImage(
                path=folder / record["file_name"],
                page=record["page"],
                image_id=record["id"],
                width=record["width"],
                height=record["height"],
                label=data["image_set"]["label"],
                annotations=tuple(groups[record["id"]]),
                pixel_size_nm=tuple(size) if isinstance(size, list) else size,
                pixel_size_assumed=record["pixel_size_assumed"],
                pages_of=pages_of,
            )
        )
    return images


def read_synthetic(
    data: Mapping, shards: Sequence[str | os.PathLike], *, pixel_size_nm: float | None = None
) -> list[AnnotatedImage]:
    """The images of a synthetic data set.

    data: the COCO data set, such as dataset/val.json; shards: the folders that hold its images;
    pixel_size_nm: the voxel size of the structures. InputError names the first image that lies in
    none of the folders.
    """
    located, groups = locate_images(data, shards), annotations_by_image(data)
    return [
        AnnotatedImage(
            path=located[record["id"]],
            page=0,
            image_id=record["id"],
            width=record["width"],
            height=record["height"],
            label="Synthetic",
            annotations=tuple(groups[record["id"]]),
            pixel_size_nm=pixel_size_nm,
        )
        for record in data["images"]
    ]


def locate_images(data: Mapping, shards: Sequence[str | os.PathLike]) -> dict[int, Path]:
    """Path of each image of a COCO data set, by image id, looked up in the shard folders.

    InputError names the first image that lies in none of them.
    """
    present = {
        path.name: path
        for shard in shards
        for path in Path(shard).iterdir()
        if path.suffix == ".png"
    }
    located = {}
    for record in data["images"]:
        name = record["file_name"]
        if name not in present:
            raise InputError(
                f"no shard holds {name}: in none of the {len(shards)} image folders, though the "
                "data set names it"
            )
        located[record["id"]] = present[name]
    return located
