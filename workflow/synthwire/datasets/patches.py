"""Patches of annotated images among the synthetic training images (Supplementary Note 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from synthwire.datasets.annotated_images import AnnotatedImage, read_image_set
from synthwire.errors import InputError
from synthwire.io.coco import (
    ANNOTATION_IDS_PER_IMAGE,
    annotations_by_image,
    make_annotation,
    read_coco,
)
from synthwire.io.files import atomic_directory, write_json
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.runtime.seeds import Stage, generator

FIRST_ID = 1_000_000  # of patches: beyond all scenes


def cut_patches(
    image_sets: Sequence[Path],
    output: Path,
    *,
    size_px: tuple[int, int],
    pixel_size_nm: float,
    min_visible: float,
) -> None:
    """Write patches of whole image sets, with their outlines: patch_00000.png …, coco.json.

    image_sets: folders of `prepare_image_set`; size_px: width and height of a patch, at the pixel
    size of the training images, to which an image is brought where it has one of its own. Patches
    cover an image evenly, side by side or overlapping a little. Of a wire that a patch cuts, at
    least the part `min_visible` must remain; what is less, and what is annotated as doubtful, is
    nothing to learn from.
    """
    width, height = size_px
    data: dict = {"images": [], "categories": [], "annotations": []}
    with atomic_directory(output) as folder:
        for image_set in image_sets:
            categories = read_coco(image_set / "annotations.json")["categories"]
            data["categories"] = data["categories"] or categories
            for image in read_image_set(image_set):
                pixels, masks, kinds = _at_pixel_size(image, pixel_size_nm)
                if pixels.shape[0] < height or pixels.shape[1] < width:
                    raise InputError(
                        f"{image_set}: {pixels.shape[1]} × {pixels.shape[0]} pixels of "
                        f"{pixel_size_nm:g} nm; a patch has {width} × {height}"
                    )
                for top in _starts(pixels.shape[0], height):
                    for left in _starts(pixels.shape[1], width):
                        place = slice(top, top + height), slice(left, left + width)
                        number = len(data["images"])
                        name = f"patch_{number:05d}.png"
                        Image.fromarray(pixels[place]).save(folder / name)
                        data["images"].append(
                            {
                                "id": FIRST_ID + number,
                                "file_name": name,
                                "width": width,
                                "height": height,
                            }
                        )
                        for mask, kind in zip(masks, kinds, strict=True):
                            part = mask[place]
                            if not part.any() or part.sum() < min_visible * mask.sum():
                                continue
                            data["annotations"].append(
                                make_annotation(
                                    FIRST_ID * ANNOTATION_IDS_PER_IMAGE + len(data["annotations"]),
                                    FIRST_ID + number,
                                    encode_mask(part),
                                    category_id=kind,
                                )
                            )
        write_json(folder / "coco.json", data)


def _at_pixel_size(
    image: AnnotatedImage, pixel_size_nm: float
) -> tuple[np.ndarray, list[np.ndarray], list[int]]:
    """Grey image, masks and their categories, brought to square pixels of a size."""
    pixels = image.pixels if image.pixels.ndim == 2 else image.pixels.mean(axis=2).astype(np.uint8)
    certain = [item for item in image.annotations if not item.get("iscrowd", 0)]
    masks = [decode_mask(item["segmentation"]) for item in certain]
    if image.pixel_size_nm is not None:
        down, across = np.broadcast_to(image.pixel_size_nm, 2) / pixel_size_nm
        size = max(1, round(image.width * across)), max(1, round(image.height * down))
        if size != (image.width, image.height):
            resized = Image.fromarray(pixels).resize(
                size, Image.Resampling.BILINEAR, reducing_gap=3
            )
            pixels = np.asarray(resized)
            masks = [
                np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
                for mask in masks
            ]
    return pixels, masks, [item["category_id"] for item in certain]


def _starts(length: int, side: int) -> list[int]:
    """Where patches of one side begin along a length, evenly from its start to its end."""
    count = math.ceil(length / side)
    return np.linspace(0, length - side, count).round().astype(int).tolist()


def add_patches(dataset: Path, patches: Path, output: Path, *, share: float, seed: int) -> None:
    """Write a training set of which `share` are patches, as many images as in `dataset`.

    dataset: the synthetic training set; patches: a folder of `cut_patches`. Synthetic images give
    way at random; where there are fewer patches than are wanted, each is taken several times.
    """
    synthetic, cut = read_coco(dataset), read_coco(patches / "coco.json")
    if synthetic["categories"] != cut["categories"]:
        raise InputError(f"{patches}/coco.json: other categories than in {dataset}")
    rng = generator(seed, Stage.SPLIT, 1)
    count = len(synthetic["images"])
    wanted = round(share * count)
    kept = sorted(rng.permutation(count)[: count - wanted].tolist())
    order: list[int] = []
    while len(order) < wanted:
        order += rng.permutation(len(cut["images"])).tolist()
    own, others = annotations_by_image(synthetic), annotations_by_image(cut)
    images = [synthetic["images"][number] for number in kept]
    annotations = [item for image in images for item in own[image["id"]]]
    for number, place in enumerate(order[:wanted]):
        image = cut["images"][place]
        identity = 2 * FIRST_ID + number  # the same patch may come twice
        images.append({**image, "id": identity})
        annotations += [
            {**item, "id": identity * ANNOTATION_IDS_PER_IMAGE + label, "image_id": identity}
            for label, item in enumerate(others[image["id"]], start=1)
        ]
    write_json(
        output,
        {"images": images, "categories": synthetic["categories"], "annotations": annotations},
    )
