"""Patches of annotated images among synthetic training images."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from synthwire.datasets.patches import add_patches, cut_patches
from synthwire.errors import InputError
from synthwire.io.coco import categories_of, make_annotation, read_coco
from synthwire.io.files import write_json
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io.stacks import write_stack


@pytest.fixture
def image_set(tmp_path):
    """An image of 90 × 60 px of 6 nm with three wires, one of them doubtful."""
    pixels = np.zeros((60, 90), dtype=np.uint8)
    masks = [np.zeros((60, 90), dtype=bool) for _ in range(3)]
    masks[0][10:20, 5:85] = True  # through both patches
    masks[1][30:50, 4:20] = True
    masks[2][30:50, 60:80] = True
    for grey, mask in zip((200, 150, 100), masks, strict=True):
        pixels[mask] = grey
    folder = tmp_path / "set"
    folder.mkdir()
    write_stack(folder / "image.tif", [pixels], pixel_size_nm=(6.0, 6.0))
    record = {"id": 1, "file_name": "image.tif", "page": 0, "width": 90, "height": 60}
    record |= {"pixel_size_nm": 6.0, "pixel_size_assumed": False}
    data = {
        "image_set": {"key": "set", "label": "Set", "kind": "sem"},
        "images": [record],
        "categories": categories_of(["nanowire"]),
        "annotations": [
            make_annotation(number, 1, encode_mask(mask), iscrowd=number == 3)
            for number, mask in enumerate(masks, start=1)
        ],
    }
    write_json(folder / "annotations.json", data)
    return folder


def test_patches_have_the_training_images_pixel_size_and_their_part_of_the_outlines(
    image_set, tmp_path
):
    cut = tmp_path / "patches"
    options = {"size_px": (25, 30), "pixel_size_nm": 12.0, "min_visible": 0.3}
    cut_patches([image_set], cut, **options)
    data = read_coco(cut / "coco.json")
    assert [(image["width"], image["height"]) for image in data["images"]] == [(25, 30)] * 2
    by_patch = [
        [item for item in data["annotations"] if item["image_id"] == image["id"]]
        for image in data["images"]
    ]
    assert [len(items) for items in by_patch] == [2, 1], "the doubtful wire is left out"
    left = np.asarray(Image.open(cut / data["images"][0]["file_name"]))
    wire = decode_mask(by_patch[0][0]["segmentation"])
    assert wire[5:10, 2:].all() and wire.sum() == 5 * 23
    assert left[7, 10] == 200 and left[20, 5] == 150

    cut_patches([image_set], tmp_path / "strict", **{**options, "min_visible": 0.7})
    strict = read_coco(tmp_path / "strict" / "coco.json")
    assert len(strict["annotations"]) == 1, "of the long wire each patch has too little"
    with pytest.raises(InputError, match=r"45 × 30 pixels of 12 nm; a patch has 64 × 30"):
        cut_patches([image_set], tmp_path / "large", **{**options, "size_px": (64, 30)})


def test_patches_take_the_place_of_synthetic_images(image_set, tmp_path):
    cut = tmp_path / "patches"
    cut_patches([image_set], cut, size_px=(25, 30), pixel_size_nm=12.0, min_visible=0.3)
    images = [
        {"id": n, "file_name": f"scene_{n:05d}.png", "width": 25, "height": 30} for n in range(8)
    ]
    mask = encode_mask(np.ones((30, 25), dtype=bool))
    dataset = tmp_path / "train.json"
    annotations = [make_annotation(n + 1, n, mask) for n in range(8)]
    categories = categories_of(["nanowire"])
    write_json(dataset, {"images": images, "categories": categories, "annotations": annotations})
    mixed = tmp_path / "mixed.json"
    add_patches(dataset, cut, mixed, share=0.5, seed=3)
    data = read_coco(mixed)
    names = [image["file_name"] for image in data["images"]]
    assert len(names) == 8
    assert sorted(names[4:]) == ["patch_00000.png"] * 2 + ["patch_00001.png"] * 2
    assert len(data["annotations"]) == 4 + 2 * 2 + 2 * 1
    again = tmp_path / "again.json"
    add_patches(dataset, cut, again, share=0.5, seed=3)
    assert json.loads(again.read_text()) == json.loads(mixed.read_text())
