"""Images with their annotations."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from standin_results import image_set

from synthwire.datasets import annotated_images
from synthwire.errors import InputError
from synthwire.io.files import read_json


def test_image_set_pages_follow_their_annotations(results):
    pictures = image_set(results, "simulated_stxm")
    stack = tifffile.imread(results / "microscopy/simulated_stxm/image.tif")
    assert [picture.page for picture in pictures] == [0, 1, 2]
    for picture, page in zip(pictures, stack, strict=True):
        assert np.array_equal(picture.pixels, page)
        assert len(picture.masks(ignored=True)) == 2
    # a file is read and kept once, however many of its pages are asked for
    assert len({id(picture.pixels.base) for picture in pictures}) == 1


def test_missing_image_and_wrong_size_are_one_line(results):
    data = read_json(results / "dataset/val.json")
    data["images"][0]["file_name"] = "scene_99999.png"
    shards = sorted((results / "images").iterdir())
    with pytest.raises(InputError, match=r"no shard holds scene_99999\.png"):
        annotated_images.read_synthetic(data, shards)
    data = read_json(results / "dataset/val.json")
    data["images"][0]["width"] += 1
    with pytest.raises(InputError, match="96 × 96 pixels, but its annotations are for 97 × 96"):
        _ = annotated_images.read_synthetic(data, shards)[0].pixels
