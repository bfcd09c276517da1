"""Outlines as COCO JSON."""

import numpy as np
import pytest
from outline_cases import SHAPE, SQUARE, coco, masks, masks_of, read, square

from synthwire.errors import InputError
from synthwire.io.files import read_json, write_json
from synthwire.io.masks import decode_mask
from synthwire.io.outlines import write_coco


def test_coco_round_trip_is_exact(tmp_path):
    write_coco(tmp_path / "a.json", coco(masks()))
    found = read(tmp_path / "a.json")
    assert not found.remarks
    for mask, again in zip(masks(), masks_of(found), strict=True):
        np.testing.assert_array_equal(again, mask)


def test_coco_polygons_keep_every_mask(tmp_path):
    write_coco(tmp_path / "a.json", coco(masks()), polygons=True)
    written = read_json(tmp_path / "a.json")["annotations"]
    assert [isinstance(item["segmentation"], list) for item in written] == [True] * 4 + [
        False,
        True,
    ]
    for mask, again in zip(masks(), masks_of(read(tmp_path / "a.json")), strict=True):
        assert (mask & again).sum() / (mask | again).sum() >= 0.99


def test_makesense_coco_whose_ids_begin_at_zero(tmp_path):
    data = {
        "info": {"description": "my-project-name"},
        "images": [{"id": 0, "width": 50, "height": 40, "file_name": "a.png"}],
        "annotations": [
            {"id": 0, "iscrowd": 0, "image_id": 0, "category_id": 1,
             "segmentation": [np.ravel(SQUARE).tolist()], "bbox": [5, 6, 10, 14], "area": 140}
        ],
        "categories": [{"id": 1, "name": "wire"}],
    }  # fmt: skip
    write_json(tmp_path / "a.json", data)
    found = read(tmp_path / "a.json")
    np.testing.assert_array_equal(masks_of(found)[0], square())
    assert found.annotations[0]["id"] == 1
    assert "'wire': taken as 'nanowire'" in found.remarks[0]
    with pytest.raises(InputError, match="class 'wire' is none of the config's: tube, plate"):
        read(tmp_path / "a.json", classes=("tube", "plate"))


def test_cvat_masks_are_no_crowd_but_others_stay_one(tmp_path):
    flat = square().T.ravel()
    changes = np.flatnonzero(np.diff(np.r_[0, flat, 0]))
    counts = np.diff(np.r_[0, changes, flat.size]).tolist()
    data = coco([square()])
    data["annotations"][0].update(segmentation={"size": list(SHAPE), "counts": counts}, iscrowd=1)
    write_json(tmp_path / "crowd.json", data)
    assert read(tmp_path / "crowd.json").annotations[0]["iscrowd"] == 1
    data["annotations"][0]["attributes"] = {"occluded": False}
    write_json(tmp_path / "cvat.json", data)
    (item,) = read(tmp_path / "cvat.json").annotations
    assert item["iscrowd"] == 0
    np.testing.assert_array_equal(decode_mask(item["segmentation"]), square())
