"""Outlines of LabelMe."""

import base64
import io
import json

import numpy as np
import pytest
from outline_cases import SQUARE, masks_of, read, square
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.files import write_json


def test_labelme_shapes_groups_and_masks(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(square()[6:20, 5:15]).save(buffer, format="PNG")
    shapes = [
        {"label": "nanowire", "points": SQUARE, "group_id": None, "shape_type": "polygon"},
        {"label": "nanowire", "points": [[0, 30], [5, 35]], "group_id": 1,
         "shape_type": "rectangle"},
        {"label": "nanowire", "points": [[10, 30], [15, 35]], "group_id": 1,
         "shape_type": "rectangle"},
        {"label": "nanowire", "points": [[25, 6], [35, 20]], "shape_type": "mask",
         "mask": base64.b64encode(buffer.getvalue()).decode()},
        {"label": "nanowire", "points": [[40, 30], [44, 30]], "shape_type": "circle"},
    ]  # fmt: skip
    data = {"imagePath": "..\\images\\a.png", "imageHeight": 40, "imageWidth": 50, "shapes": shapes}
    write_json(tmp_path / "a.json", data)
    polygon, group, mask, circle = masks_of(read(tmp_path / "a.json"))
    np.testing.assert_array_equal(polygon, square())
    assert group.sum() == 50 and group[32, 2] and group[32, 12] and not group[32, 7]
    np.testing.assert_array_equal(mask, np.roll(square(), 20, 1))
    assert circle.sum() == pytest.approx(np.pi * 16, rel=0.1)
    for none in ("", float("nan")):  # as converters write no group
        single = [{**shape, "group_id": none} for shape in shapes]
        (tmp_path / "c.json").write_text(json.dumps({**data, "shapes": single}))
        assert len(masks_of(read(tmp_path / "c.json"))) == 5
    write_json(tmp_path / "b.json", {**data, "imageWidth": 51})
    with pytest.raises(InputError, match="40 × 51"):
        read(tmp_path / "b.json")


def test_shapes_of_other_kinds_are_areas_or_named(tmp_path):
    far = [[30, 5], [40, 5], [40, 9], [30, 9]]
    shapes = [
        {"points": SQUARE},
        {"shape_type": "oriented_rectangle", "points": far},
        {"shape_type": "oriented_rectangle", "points": [[30, 20], [40, 20], [40, 25]]},
        {"shape_type": "linestrip", "points": [[1, 30], [9, 30], [9, 35], [1, 35], [1, 30]]},
        {"shape_type": "linestrip", "points": far},
        {"shape_type": "circle", "points": [[5, 5]]},
        {"shape_type": "rectangle", "points": []},
        {"shape_type": "polygon", "points": [[1, 1]]},
        {"shape_type": "mask", "points": [[1, 1]], "mask": "no picture"},
        {"shape_type": "polygon", "points": None},
        None,
        {"shape_type": "cuboid", "points": [*SQUARE, *far]},
        {"shape_type": "rotation", "points": [[20, 30], [24, 30], [24, 32], [20, 32]]},
    ]
    write_json(tmp_path / "a.json", {"imagePath": "a.png", "shapes": shapes})
    found = read(tmp_path / "a.json")
    assert [mask.sum() for mask in masks_of(found)] == [140, 40, 50, 40, 8]
    assert len(found.remarks) == 8
    said = "\n".join(found.remarks)
    assert "shape 4: a linestrip encloses nothing" in said
    assert all(f"shape {number}: " in said for number in range(4, 12))


def test_a_mask_that_claims_more_pixels_than_any_image_is_left_out(tmp_path):
    buffer = io.BytesIO()
    Image.new("1", (20000, 20000)).save(buffer, format="PNG")
    mask = base64.b64encode(buffer.getvalue()).decode()
    shapes = [{"points": SQUARE}, {"shape_type": "mask", "points": [[1, 1]], "mask": mask}]
    write_json(tmp_path / "a.json", {"imagePath": "a.png", "shapes": shapes})
    (remark,) = read(tmp_path / "a.json").remarks
    assert "shape 1: a mask far larger than the image" in remark


def test_a_file_of_another_image_is_taken_with_a_word(tmp_path):
    write_json(tmp_path / "a.json", {"imagePath": "b.png", "shapes": [{"points": SQUARE}]})
    (remark,) = read(tmp_path / "a.json").remarks
    assert "'b.png': taken as 'a.png', the only image" in remark
