"""Outlines that are repaired or left out, and the remarks on them."""

import numpy as np
import pytest
from outline_cases import SQUARE, masks_of, polygons, read, square

from synthwire.errors import InputError
from synthwire.io.files import write_json


def test_bad_outlines_are_repaired_or_left_out_and_named(tmp_path):
    bow_tie = [[20, 5], [30, 15], [30, 5], [20, 15]]
    outside = [[40, 30], [60, 30], [60, 36], [40, 36]]
    nowhere = [[100, 100], [110, 100], [110, 110]]
    flat = [[1, 1], [9, 1], [5, 1]]
    write_json(tmp_path / "a.json", polygons(SQUARE, bow_tie, outside, nowhere, flat, SQUARE))
    found = read(tmp_path / "a.json")
    assert [item["id"] for item in found.annotations] == [1, 2, 3]
    first, second, third = masks_of(found)
    np.testing.assert_array_equal(first, square())
    assert second[10, 22] and second[10, 28] and not second[6, 25]
    assert third.sum() == 60 and third[:, -1].any()
    text = "\n".join(found.remarks)
    for said in (
        "annotation 2: crosses itself",
        "annotation 3: reaches outside",
        "annotation 4: empty or outside",
        "annotation 5: empty",
        "annotation 6: the same as annotation 1",
    ):
        assert said in text


def test_a_star_drawn_in_one_line_is_filled(tmp_path):
    corners = [[25 + 15 * np.sin(a), 20 - 15 * np.cos(a)] for a in 4 * np.pi / 5 * np.arange(5)]
    write_json(tmp_path / "a.json", polygons(corners))
    (mask,) = masks_of(read(tmp_path / "a.json"))
    assert mask[20, 25]


def test_an_outline_drawn_round_twice_is_filled(tmp_path):
    along = np.linspace(0, 2 * np.pi, 40)[:-1]
    once = np.column_stack([25 + 18 * np.cos(along), 20 + 12 * np.sin(along)])
    again = once + np.array([0.6, 0.4])
    write_json(tmp_path / "a.json", polygons(np.vstack([once, again])))
    found = read(tmp_path / "a.json")
    assert found.annotations[0]["area"] == pytest.approx(np.pi * 18 * 12, rel=0.06)
    assert "crosses itself; all that it encloses was filled" in found.remarks[0]


def test_what_is_true_of_many_outlines_is_one_line(tmp_path):
    specks = [[[x, y], [x + 3, y], [x + 3, y + 3]] for x in range(0, 40, 5) for y in (1, 30)]
    data = polygons(*specks, *([[90, 90], [99, 90], [95, 99]] for _ in range(5)))
    data["categories"] = [{"id": number, "name": f"wire {number}"} for number in range(1, 17)]
    for number, item in enumerate(data["annotations"][:16], start=1):
        item["category_id"] = number
    write_json(tmp_path / "a.json", data)
    remarks = read(tmp_path / "a.json").remarks
    assert (
        len([remark for remark in remarks if remark.endswith("outside the image; left out")]) == 5
    )
    (renamed,) = [remark for remark in remarks if "the only class there is" in remark]
    assert "class 'wire 1', class 'wire 2'" in renamed and "… (16 in all)" in renamed
    data["annotations"] = data["annotations"][16:18]
    write_json(tmp_path / "a.json", data)
    with pytest.raises(InputError, match="so was the other one"):
        read(tmp_path / "a.json")


def test_a_region_drawn_about_particles_is_questioned(tmp_path):
    wires = [[[x, 8], [x + 3, 8], [x + 3, 30], [x, 30]] for x in (8, 16, 24)]
    region = [[5, 5], [30, 5], [30, 35], [5, 35]]
    crossing = [[2, 20], [45, 20], [45, 23], [2, 23]]
    write_json(tmp_path / "a.json", polygons(region, *wires, crossing))
    (remark,) = read(tmp_path / "a.json").remarks
    assert "annotation 1: lies about 3 others; a region, not a particle?" in remark


def test_outlines_of_a_smaller_copy_are_questioned_where_no_size_is_said(tmp_path):
    near = [[[x, y], [x + 3, y], [x + 3, y + 3]] for x in (1, 8, 15) for y in (1, 8, 15)]
    far = [[40, 1], [43, 1], [43, 4]]
    data = polygons(*near)
    write_json(tmp_path / "a.json", data)
    assert read(tmp_path / "a.json").remarks == []
    del data["images"][0]["height"]
    write_json(tmp_path / "a.json", data)
    (remark,) = read(tmp_path / "a.json").remarks
    assert "all 9 outlines: lie in the upper left quarter" in remark
    write_json(tmp_path / "a.json", {**data, **polygons(*near, far), "images": data["images"]})
    assert read(tmp_path / "a.json").remarks == []
