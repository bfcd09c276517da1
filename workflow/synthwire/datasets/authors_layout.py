"""The folder layout of the data set that the paper's authors published, in and out.

Zenodo 10.5281/zenodo.6469773 holds, for each split, `<split>/image_<i>.png` and one mask a particle
in `<split>/<i>/mask/image_<i>_mask_<k>.0.png` (nonzero inside). Masks are amodal, as ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.coco import annotations_by_image, categories_of, read_coco, scene_record
from synthwire.io.files import atomic_directory, write_json
from synthwire.io.grey import to_grey8
from synthwire.io.masks import decode_mask
from synthwire.io.recordings import read_image

_IMAGE = re.compile(r"image_(\d+)\.png")
_MASK = re.compile(r"image_(\d+)_mask_(\d+)(?:\.0)?\.png")


@dataclass(frozen=True)
class LayoutImage:
    """One image of a split: its number, its file, and its particles' mask files in order."""

    number: int
    image: Path
    masks: tuple[Path, ...]


def list_split(split: str | os.PathLike) -> list[LayoutImage]:
    """The images of a split folder in the order of their numbers.

    InputError when the folder holds none, or an image lacks its folder of masks.
    """
    split = Path(split)
    if not split.is_dir():
        raise InputError(f"{split}: no such folder")
    numbers = sorted(
        int(match.group(1)) for path in split.iterdir() if (match := _IMAGE.fullmatch(path.name))
    )
    if not numbers:
        raise InputError(
            f"{split}: no image_<number>.png in this folder; is it one split (such as 'train')?"
        )
    found = []
    for number in numbers:
        folder = split / str(number) / "mask"
        masks = {}
        files = list(folder.iterdir()) if folder.is_dir() else None
        for path in files or ():
            match = _MASK.fullmatch(path.name)
            if match and int(match.group(1)) == number:
                masks[int(match.group(2))] = path
        if not masks and files != []:  # an empty folder is that of an image without particles
            raise InputError(f"{folder}: no image_{number}_mask_<k>.0.png in this folder")
        ordered = tuple(masks[k] for k in sorted(masks))
        found.append(LayoutImage(number, split / f"image_{number}.png", ordered))
    return found


def read_layout_image(item: LayoutImage) -> tuple[np.ndarray, np.ndarray]:
    """Grey 8-bit image (Y, X) and masks (N, Y, X) of one image; masks are whatever is not zero.

    InputError names the file that is damaged or of another size.
    """
    image = to_grey8(read_image(item.image))
    masks = np.zeros((len(item.masks), *image.shape), dtype=bool)
    for mask, path in zip(masks, item.masks, strict=True):
        pixels = read_image(path)
        if pixels.ndim == 3:
            pixels = np.any(pixels[..., :3], axis=2)
        if pixels.shape != image.shape:
            raise InputError(
                f"{path}: {pixels.shape[0]} × {pixels.shape[1]} pixels, but its image has "
                f"{image.shape[0]} × {image.shape[1]}"
            )
        mask[:] = pixels != 0
    return image, masks


def import_shard(
    items: Sequence[LayoutImage],
    folder: str | os.PathLike,
    *,
    first_scene: int = 0,
    classes: Sequence[str] = ("nanowire",),
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write images of `list_split` as one shard of ours: scene_{n}.png and coco.json.

    Scenes are numbered from `first_scene` in the order given; all particles belong to the first of
    `classes`. The folder appears whole or not at all.
    """
    data: dict = {"images": [], "categories": categories_of(classes), "annotations": []}
    with atomic_directory(folder) as temporary:
        for scene, item in enumerate(progress(items), start=first_scene):
            image, masks = read_layout_image(item)
            record, annotations = scene_record(scene, masks, [1] * len(masks))
            Image.fromarray(image).save(temporary / record["file_name"], compress_level=6)
            data["images"].append(record)
            data["annotations"].extend(annotations)
        write_json(temporary / "coco.json", data)


def export_split(
    shards: Sequence[str | os.PathLike],
    split: str | os.PathLike,
    *,
    image_ids: Iterable[int] | None = None,
    progress: Callable[[Iterable], Iterable] = iter,
) -> int:
    """Write shards of ours (folders with scene_*.png and coco.json) in the authors' layout.

    The number of an image is its scene's, that of a mask its place among the image's particles.
    `image_ids` chooses images, for instance those of a train or validation JSON. The folder
    appears whole or not at all; returns the number of images. InputError when an id is in no
    shard, or twice.
    """
    wanted = None if image_ids is None else {int(number) for number in image_ids}
    written: set[int] = set()
    with atomic_directory(split) as temporary:
        for shard in progress(shards):
            shard = Path(shard)
            data = read_coco(shard / "coco.json")
            groups = annotations_by_image(data)
            for record in data["images"]:
                number = record["id"]
                if wanted is not None and number not in wanted:
                    continue
                if number in written:
                    raise InputError(f"{shard}: image {number} stands in an earlier shard already")
                written.add(number)
                pixels = to_grey8(read_image(shard / record["file_name"]))
                Image.fromarray(pixels).save(temporary / f"image_{number}.png")
                folder = temporary / str(number) / "mask"
                folder.mkdir(parents=True)
                for k, item in enumerate(groups[number]):
                    mask = decode_mask(item["segmentation"]).astype(np.uint8) * np.uint8(255)
                    Image.fromarray(mask).save(folder / f"image_{number}_mask_{k}.0.png")
        missing = sorted((wanted or set()) - written)
        if missing:
            raise InputError(f"{split}: image {missing[0]} is in none of the shards")
    return len(written)
