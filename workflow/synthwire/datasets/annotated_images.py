"""Images of a data set or an image set together with their outlines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.coco import annotations_by_image, read_coco
from synthwire.io.masks import decode_mask
from synthwire.io.recordings import read_recording


@dataclass(frozen=True)
class AnnotatedImage:
    """One image with its outlines.

    label: what people call its image set ("X-ray ptychography").
    annotations: COCO annotations with RLE segmentation; those with iscrowd = 1 are ignore regions.
    pixel_size_nm: one number, [vertical, horizontal], or None when unknown.
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

    @cached_property
    def pixels(self) -> np.ndarray:
        """The image, uint8 (height, width) or (height, width, 3); read when first asked for."""
        return _read_pixels(self.path, self.page, self.width, self.height)

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


def _read_pixels(path: Path, page: int, width: int, height: int) -> np.ndarray:
    pages = read_recording(path).pages
    if page >= len(pages):
        raise InputError(f"{path}: {len(pages)} pages, but its annotations name page {page}")
    pixels = pages[page]
    if pixels.shape[:2] != (height, width):
        raise InputError(
            f"{path}: {pixels.shape[1]} × {pixels.shape[0]} pixels, "
            f"but its annotations are for {width} × {height}"
        )
    return pixels


def read_image_set(folder: str | os.PathLike) -> list[AnnotatedImage]:
    """The pictures of microscopy/{images}: image.tif and annotations.json."""
    folder = Path(folder)
    data = read_coco(folder / "annotations.json")
    label = data.get("image_set", {}).get("label") or folder.name
    groups = annotations_by_image(data)
    pictures = []
    for index, image in enumerate(data["images"]):
        size = image.get("pixel_size_nm")
        pictures.append(
            AnnotatedImage(
                path=folder / image.get("file_name", "image.tif"),
                page=int(image.get("page", index)),
                image_id=image["id"],
                width=int(image["width"]),
                height=int(image["height"]),
                label=label,
                annotations=tuple(groups[image["id"]]),
                pixel_size_nm=tuple(size) if isinstance(size, list) else size,
                pixel_size_assumed=bool(image.get("pixel_size_assumed", False)),
            )
        )
    return pictures


def read_synthetic(
    annotations: str | os.PathLike,
    images: str | os.PathLike,
    pixel_size_nm: float | None = None,
    label: str = "Synthetic",
) -> list[AnnotatedImage]:
    """The pictures of a synthetic data set (dataset/val.json).

    images: the folder that holds the shards (images/{shard}/scene_*.png); records name the file
        alone, so all shards are searched.
    pixel_size_nm: the voxel size of the structures.
    """
    data = read_coco(annotations)
    groups = annotations_by_image(data)
    stored = {path.name: path for path in sorted(Path(images).glob("**/*.png"))}
    pictures = []
    for image in data["images"]:
        name = Path(image["file_name"]).name
        if name not in stored:
            raise InputError(f"{images}: no shard holds {name}, which {annotations} names")
        size = image.get("pixel_size_nm", pixel_size_nm)
        pictures.append(
            AnnotatedImage(
                path=stored[name],
                page=0,
                image_id=image["id"],
                width=int(image["width"]),
                height=int(image["height"]),
                label=label,
                annotations=tuple(groups[image["id"]]),
                pixel_size_nm=size,
            )
        )
    return pictures


def locate_images(data: dict, shards: Sequence[Path]) -> dict[int, Path]:
    """Path of each image of a COCO data set, by image id, looked up in the shard folders.

    InputError names the first image that lies in none of them.
    """
    present = {
        entry.name: Path(entry.path)
        for shard in shards
        for entry in os.scandir(shard)
        if entry.name.endswith(".png")
    }
    located = {}
    for image in data["images"]:
        if image["file_name"] not in present:
            raise InputError(f"{image['file_name']}: in none of the {len(shards)} image folders")
        located[image["id"]] = present[image["file_name"]]
    return located


def read_scenes(data: dict, located: dict[int, Path]) -> Iterator[tuple[int, np.ndarray]]:
    """(image id, image) of each image of a synthetic data set."""
    for image in data["images"]:
        with Image.open(located[image["id"]]) as file:
            yield image["id"], np.asarray(file)
