"""Outlines as COCO JSON."""

import json

import numpy as np
import pytest
from outline_cases import SHAPE, SQUARE, coco, masks, masks_of, polygons, read, square

from synthwire.errors import InputError
from synthwire.io.files import read_json, write_json
from synthwire.io.masks import decode_mask
from synthwire.io.outlines import read_outlines, write_coco


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


BOX = [[30, 20], [40, 20], [40, 30], [30, 30]]


def item(number, segmentation, **more) -> dict:
    return {"id": number, "image_id": 1, "category_id": 1, "segmentation": segmentation, **more}


def flat(points) -> list:
    return [float(side) for point in points for side in point]


def areas(path, *items: dict, **more) -> tuple[list[int], str]:
    data = {**coco([]), "annotations": list(items), **more}
    write_json(path, data)
    found = read(path)
    return sorted(item["area"] for item in found.annotations), "\n".join(found.remarks)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ([[1, 1, 9, 9]], "at least six"),
        ([[1, 1, 9, 9, 9, 1, 3]], "an even count of numbers"),
        ([[]], "neither a segmentation nor a box"),
        ([[float("nan")] * 6], "at least six"),
        ([["x", "y"] * 3], "no proper outline"),
        ([{"x": 1}], "no proper outline"),
        (7, "at least six"),
        ("z" * 50, "no run-length code"),
        ([], "neither a segmentation nor a box"),
        (None, "neither a segmentation nor a box"),
        ({"size": [50, 40], "counts": [2000]}, "stands in an image of"),
        ({"counts": [1, 5000]}, "no proper run-length code: it runs 3001 px over"),
        ({"counts": [-1, 2001]}, "runs are whole numbers"),
        ({"size": [40, 50]}, "no proper outline"),
    ],
)
def test_one_bad_outline_is_left_out_and_named(tmp_path, bad, says):
    path = tmp_path / "a.json"
    items = [item(1, [flat(SQUARE)]), item(2, bad), item(3, [flat(BOX)])]
    path.write_text(json.dumps({**coco([]), "annotations": items}))  # with NaN, as some write it
    found = read(path)
    assert [item["area"] for item in found.annotations] == [140, 100]
    (remark,) = found.remarks
    assert "annotation 2: " in remark and says in remark and remark.endswith("left out")
    path.write_text(json.dumps({**coco([]), "annotations": [items[1]]}))
    with pytest.raises(InputError, match="annotation 2: "):
        read(path)


@pytest.mark.parametrize(
    "segmentation",
    [
        flat(SQUARE), [flat(SQUARE)], [[flat(SQUARE)]], [SQUARE], SQUARE, [[SQUARE]],
        [list(map(str, flat(SQUARE)))], [{"x": x, "y": y} for x, y in SQUARE],
    ],
)  # fmt: skip
def test_rings_may_be_nested_in_any_way(tmp_path, segmentation):
    assert areas(tmp_path / "a.json", item(1, segmentation)) == ([140], "")


def test_a_box_beside_an_empty_segmentation_is_a_box(tmp_path):
    found, remarks = areas(tmp_path / "a.json", item(1, [[]], bbox=[5, 6, 10, 14]))
    assert found == [140] and "a box alone" in remarks


def test_run_lengths_that_end_wrongly_in_the_ground(tmp_path):
    good = [5 * 40 + 6, 14] + [26, 14] * 9 + [35 * 40 + 20]
    assert sum(good) == 2000
    for last, says in ((50, "50 px too long"), (-30, "30 px too short")):
        counts = [float(count) for count in [*good[:-1], good[-1] + last]]
        found, remarks = areas(tmp_path / "a.json", item(1, {"counts": counts}))
        assert found == [140] and says in remarks


def test_ids_and_categories_as_tools_write_them(tmp_path):
    two = [item(1, [flat(SQUARE)]), item(2, [flat(BOX)])]
    path = tmp_path / "a.json"
    for change, says in (
        ({"image_id": "1"}, ""),
        ({"image_id": 1.0, "category_id": "1"}, ""),
        ({"image_id": None}, ""),
        ({"id": 5}, "ids: missing or equal"),
        ({"id": None}, "ids: missing or equal"),
        ({"category_id": 0}, "category 0: has no name"),
    ):
        found, remarks = areas(path, *({**one, **change} for one in two))
        assert found == [100, 140], change
        assert remarks.startswith(str(path)) and says in remarks if says else not remarks
    found, remarks = areas(path, *two, categories=None)
    assert found == [100, 140] and "the file has no categories" in remarks
    found, remarks = areas(path, *two, item(3, [flat(SQUARE)], image_id=9))
    assert found == [100, 140]
    assert "1 of 3 annotations: of images that the file does not list (9)" in remarks
    found, remarks = areas(path, two[0], item(2, [], bbox=[30, 20, 10, 10]))
    assert found == [100, 140] and "annotation 2: a box alone" in remarks


def test_ids_longer_than_a_float_are_told_apart(tmp_path):
    data = polygons(FIRST, SECOND)
    for step, annotation in enumerate(data["annotations"]):
        annotation["image_id"] = 10**18 + step
    record = data["images"][0]
    data["images"] = [{**record, "id": 10**18}, {**record, "id": 10**18 + 1, "file_name": "b.png"}]
    write_json(tmp_path / "a.json", data)
    assert [item["area"] for item in read(tmp_path / "a.json").annotations] == [140]


def test_an_image_that_joined_sets_list_twice_counts_once(tmp_path):
    data = polygons(FIRST)
    record = data["images"][0]
    data["images"] = [record, record, *({**record, "id": 2, "file_name": name} for name in "bc")]
    write_json(tmp_path / "a.json", data)
    assert [item["area"] for item in read(tmp_path / "a.json").annotations] == [140]
    with pytest.raises(InputError, match="id 2 stands twice"):
        read_outlines(tmp_path / "a.json", ["b"], SHAPE)


def test_a_code_that_is_cut_off_is_no_outline(tmp_path):
    good = coco([square()])["annotations"][0]["segmentation"]
    for counts in (good["counts"][:-1], good["counts"][:-4], good["counts"] + "z"):
        found, remarks = areas(
            tmp_path / "a.json", item(1, {**good, "counts": counts}), item(2, [flat(BOX)])
        )
        assert found == [100] and "run-length code" in remarks and "left out" in remarks


def test_a_box_turned_in_cvat_is_turned_here(tmp_path):
    long = item(1, [], bbox=[15, 15, 20, 10], attributes={"rotation": 90.0})
    write_json(tmp_path / "a.json", {**coco([]), "annotations": [long]})
    (mask,) = masks_of(read(tmp_path / "a.json"))
    down, right = np.nonzero(mask)
    assert (down.min(), down.max(), right.min(), right.max()) == (10, 29, 20, 29)


@pytest.mark.parametrize(
    ("outer", "area", "pixels", "says"),
    [
        ((5, 5, 25, 15), 176, 176, "a hole"),
        ((5, 5, 25, 15), 200, 200, "overlap"),
        ((5, 5, 25, 15), None, 200, "overlap"),
        ((5, 5, 46, 37), 1288, 1288, "a hole"),  # of less than 2 %
        ((5, 5, 46, 37), None, 1312, "overlap"),
    ],
)
def test_a_polygon_within_another_is_a_hole_where_the_area_says_so(
    tmp_path, outer, area, pixels, says
):
    holed = item(1, [ring(outer), ring((8, 8, 16, 11))], area=area)
    found, remarks = areas(tmp_path / "a.json", holed)
    assert found == [pixels] and says in remarks


def test_an_outline_away_from_its_own_box_is_questioned(tmp_path):
    along_rows = {"counts": [6 * 50 + 5, 10] + [40, 10] * 13 + [2000 - 6 * 50 - 15 - 13 * 50]}
    swapped = [flat([(y, x) for x, y in BOX])]
    items = [
        item(1, along_rows, bbox=[5, 6, 10, 14]),
        item(2, swapped, bbox=[30, 20, 10, 10]),
        item(3, [flat(BOX)], bbox=[30, 20, 10, 10]),
    ]
    _, remarks = areas(tmp_path / "a.json", *items)
    assert "2 of 3 outlines: their boxes lie elsewhere" in remarks
    fillers = [{**one, "bbox": [0, 0, 1, 1]} for one in items]
    assert "lie elsewhere" not in areas(tmp_path / "a.json", *fillers)[1]


def test_results_lists_are_taken_with_a_word(tmp_path):
    results = [item(None, [flat(SQUARE)], score=0.9), item(None, [flat(BOX)], score=0.31)]
    write_json(tmp_path / "a.json", results)
    found = read(tmp_path / "a.json")
    assert len(found.annotations) == 2
    assert any("all taken, from score 0.31" in remark for remark in found.remarks)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_json_of_any_unicode(tmp_path, encoding):
    data = {**coco([square()]), "info": {"by": "Jürgen 漢"}}
    (tmp_path / "a.json").write_bytes(json.dumps(data, ensure_ascii=False).encode(encoding))
    assert len(read(tmp_path / "a.json").annotations) == 1


def test_equal_names_are_refused_unless_their_paths_differ(tmp_path):
    data = coco([square()])
    data["images"].append({**data["images"][0], "id": 2})
    data["annotations"].append({**data["annotations"][0], "id": 2, "image_id": 2})
    write_json(tmp_path / "a.json", data)
    with pytest.raises(InputError, match=r"'a\.png' stands there 2 times"):
        read(tmp_path / "a.json")
    for image, folder in zip(data["images"], ("one", "two"), strict=True):
        image["path"] = f"/datasets/{folder}/a.png"
    write_json(tmp_path / "a.json", data)
    found = read_outlines(tmp_path / "a.json", ["in/two/a.png"], SHAPE)
    assert len(found.annotations) == 1
    with pytest.raises(InputError, match="two for a.png: /datasets/one/a.png"):
        read(tmp_path / "a.json")


def ring(box: tuple[int, int, int, int]) -> list[float]:
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


FIRST, SECOND = ring((5, 6, 15, 20)), ring((20, 20, 40, 26))


def test_run_lengths_in_a_list_are_one_particle(tmp_path):
    data = coco(masks()[:2])
    codes = [item["segmentation"] for item in data["annotations"]]
    data["annotations"] = [{**data["annotations"][0], "segmentation": codes}]
    write_json(tmp_path / "a.json", data)
    (mask,) = masks_of(read(tmp_path / "a.json"))
    np.testing.assert_array_equal(mask, np.any(masks()[:2], axis=0))


def test_roboflow_says_what_an_image_was_called(tmp_path):
    data = polygons(FIRST, SECOND)
    data["images"][0] |= {"file_name": "a-b_png.rf.0a1b2c3d4e5f.jpg", "extra": {"name": "a.png"}}
    data["images"].append({**data["images"][0], "id": 9, "extra": {"name": "b.png"}})
    write_json(tmp_path / "a.json", data)
    assert [item["area"] for item in read(tmp_path / "a.json").annotations] == [140, 120]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda item: item.update(category_id=7), "of the class '_background_'"),
        (lambda item: item.update(segmentation=[ring((0, 0, 50, 40))]), "covers the whole image"),
        (lambda item: item.update(segmentation=[[0.1, 0.2, 0.5, 0.2, 0.5, 0.9]]), "from 0 to 1"),
        (lambda item: item.update(segmentation=[[5, "wire", 9, 9, 7, 2]]), "no proper outline"),
    ],
)
def test_what_is_no_particle_is_left_out_and_said(tmp_path, change, says):
    data = polygons(FIRST, SECOND)
    data["categories"].append({"id": 7, "name": "_background_"})
    change(data["annotations"][1])
    write_json(tmp_path / "a.json", data)
    found = read(tmp_path / "a.json")
    assert [item["area"] for item in found.annotations] == [140]
    assert sum(says in remark and "left out" in remark for remark in found.remarks) == 1


def test_windows_latin_1(tmp_path):
    data = {**polygons(FIRST), "info": {"description": "5 µm"}}
    (tmp_path / "a.json").write_bytes(json.dumps(data, ensure_ascii=False).encode("cp1252"))
    assert [item["area"] for item in read(tmp_path / "a.json").annotations] == [140]
