"""COCO data sets: records of images, annotations, categories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from synthwire.errors import InputError
from synthwire.io.files import Source, read_json
from synthwire.io.masks import encode_mask

ANNOTATION_IDS_PER_IMAGE = 100_000


def make_annotation(
    identity: int, image_id: int, rle: dict, *, category_id: int = 1, iscrowd: int = 0, **more: Any
) -> dict:
    """One COCO annotation; area and bounding box come from the mask.

    `identity` must not be 0: COCO's evaluation reads 0 as "not matched".
    """
    if identity == 0:
        raise ValueError("annotation ids start at 1")
    return {
        "id": int(identity),
        "image_id": int(image_id),
        "category_id": int(category_id),
        "segmentation": rle,
        "area": int(coco_mask.area(rle)),
        "bbox": [float(value) for value in coco_mask.toBbox(rle)],
        "iscrowd": int(iscrowd),
        **more,
    }


def read_coco(path: Source) -> dict:
    """Read a COCO data set and check that it hangs together.

    InputError names the file and the annotation when an image, a category or an id is missing or
    stands twice.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f"{path}: a COCO data set is a JSON object, this is {type(data).__name__}")
    for key in ("images", "annotations", "categories"):
        if not isinstance(data.get(key), list):
            raise InputError(f"{path}: '{key}' is missing or is no list; is this COCO JSON?")
    _require_unique(path, "images", [image.get("id") for image in data["images"]])
    _require_unique(path, "annotations", [item.get("id") for item in data["annotations"]])
    images = {image["id"] for image in data["images"]}
    categories = {category.get("id") for category in data["categories"]}
    for item in data["annotations"]:
        if item.get("image_id") not in images:
            raise InputError(f"{path}: annotation {item['id']}: no image {item.get('image_id')}")
        if item.get("category_id") not in categories:
            raise InputError(
                f"{path}: annotation {item['id']}: no category {item.get('category_id')}"
            )
        if "segmentation" not in item:
            raise InputError(f"{path}: annotation {item['id']}: 'segmentation' is missing")
    return data


def _require_unique(path: Source, key: str, identities: Sequence) -> None:
    seen = set()
    for identity in identities:
        if identity is None or identity in seen:
            raise InputError(
                f"{path}: {key}: id {identity} is missing or stands twice; each needs its own"
            )
        seen.add(identity)


def only_images(data: Mapping, chosen: Collection[int]) -> dict:
    """A COCO data set of the images with these ids alone, and their annotations."""
    return {
        **data,
        "images": [image for image in data["images"] if image["id"] in chosen],
        "annotations": [item for item in data["annotations"] if item["image_id"] in chosen],
    }


def annotations_by_image(data: Mapping) -> dict[int, list[dict]]:
    """Annotations of each image id, in file order; images without any have an empty list."""
    groups: dict[int, list[dict]] = {image["id"]: [] for image in data["images"]}
    for item in data["annotations"]:
        groups[item["image_id"]].append(item)
    return groups


def scene_record(
    scene: int, masks: np.ndarray, category_ids: Sequence[int], more: Iterable[dict] | None = None
) -> tuple[dict, list[dict]]:
    """COCO image record and annotations of one scene.

    masks (N, Y, X) are those of labels 1…N; a particle outside the image has no annotation. The
    record depends on the scene alone, not on the shard that holds it.
    """
    count, height, width = masks.shape
    if count >= ANNOTATION_IDS_PER_IMAGE:
        raise InputError(
            f"scene {scene}: {count} particles; at most {ANNOTATION_IDS_PER_IMAGE - 1} an image"
        )
    image = {
        "id": int(scene),
        "file_name": f"scene_{scene:05d}.png",
        "width": int(width),
        "height": int(height),
    }
    extras = list(more) if more is not None else [{}] * count
    annotations = [
        make_annotation(
            scene * ANNOTATION_IDS_PER_IMAGE + label,
            scene,
            encode_mask(mask),
            category_id=int(category_ids[label - 1]),
            **extras[label - 1],
        )
        for label, mask in enumerate(masks, start=1)
        if mask.any()
    ]
    return image, annotations


def categories_of(classes: Sequence[str]) -> list[dict]:
    """COCO categories, numbered from 1 in the order of `classes`."""
    return [
        {"id": number, "name": name, "supercategory": "particle"}
        for number, name in enumerate(classes, start=1)
    ]
