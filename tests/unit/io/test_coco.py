"""COCO data sets."""

import json

import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.io import coco
from synthwire.io.masks import encode_mask

SQUARE = [2, 3, 7, 3, 7, 9, 2, 9]


def test_annotation_has_area_and_box_of_its_mask():
    mask = np.zeros((12, 10), bool)
    mask[3:9, 2:7] = True
    item = coco.make_annotation(4, 1, encode_mask(mask), note="x")
    assert item["area"] == 30 and item["bbox"] == [2, 3, 5, 6] and item["note"] == "x"
    with pytest.raises(ValueError, match="start at 1"):
        coco.make_annotation(0, 1, encode_mask(mask))


def data() -> dict:
    return {
        "images": [{"id": 1}, {"id": 2}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            {"id": 5, "image_id": 2, "category_id": 1, "segmentation": [SQUARE]},
            {"id": 4, "image_id": 2, "category_id": 1, "segmentation": [SQUARE]},
        ],
    }


def test_annotations_are_grouped_by_image_in_file_order(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(data()))
    groups = coco.annotations_by_image(coco.read_coco(path))
    assert groups[1] == [] and [item["id"] for item in groups[2]] == [5, 4]


def remove(key):
    def change(value):
        del value[key]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove("images"), "'images' is missing"),
        (lambda value: value["annotations"][0].update(id=4), "id 4 is missing or stands twice"),
        (lambda value: value["annotations"][0].update(image_id=9), "annotation 5: no image 9"),
        (lambda value: value["annotations"][0].update(category_id=9), "no category 9"),
        (lambda value: value["annotations"][0].pop("segmentation"), "'segmentation' is missing"),
        (lambda value: value["images"][0].pop("id"), "id None"),
    ],
)
def test_broken_coco_is_one_line_that_says_where(tmp_path, change, says):
    value = data()
    change(value)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(value))
    with pytest.raises(InputError, match=says) as error:
        coco.read_coco(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", ["[1, 2]", "{", ""])
def test_no_coco_at_all(tmp_path, content):
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"broken\.json"):
        coco.read_coco(path)
