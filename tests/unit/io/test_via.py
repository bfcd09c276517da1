"""Outlines of the VGG Image Annotator."""

import json

import numpy as np
import pytest
from outline_cases import SQUARE, masks_of, read, square

from synthwire.errors import InputError
from synthwire.io.files import write_json


@pytest.mark.parametrize("project", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_via_shapes(tmp_path, project, as_list):
    xs, ys = np.transpose(SQUARE).tolist()
    shapes = [
        {"name": "polygon", "all_points_x": xs, "all_points_y": ys},
        {"name": "rect", "x": 20, "y": 6, "width": 10, "height": 14},
        {"name": "circle", "cx": 40, "cy": 25, "r": 8},
        {"name": "ellipse", "cx": 25, "cy": 30, "rx": 12, "ry": 4, "theta": 0.0},
        {"name": "point", "cx": 1, "cy": 1},
    ]
    regions = [
        {"shape_attributes": shape, "region_attributes": {"label": "nanowire"}} for shape in shapes
    ]
    if not as_list:
        regions = {str(key): region for key, region in enumerate(regions)}
    data = {"a.png123": {"filename": "a.png", "size": 123, "regions": regions}}
    if project:
        data = {"_via_settings": {}, "_via_img_metadata": data}
    write_json(tmp_path / "via.json", data)
    found = read(tmp_path / "via.json")
    polygon, rect, circle, ellipse = masks_of(found)
    np.testing.assert_array_equal(polygon, square())
    np.testing.assert_array_equal(rect, np.roll(square(), 15, 1))
    assert circle.sum() == pytest.approx(np.pi * 64, rel=0.05)
    assert ellipse.sum() == pytest.approx(np.pi * 48, rel=0.05)
    assert np.ptp(np.nonzero(ellipse)[1]) > 2 * np.ptp(np.nonzero(ellipse)[0])
    assert len(found.remarks) == 1 and "a point encloses nothing" in found.remarks[0]


def row(name: str, shape: dict | None, attributes: dict | None = None, by: str = ",") -> str:
    cells = [name, "1", "{}", "1", "0", json.dumps(shape or {}), json.dumps(attributes or {})]
    return by.join('"' + cell.replace('"', '""') + '"' for cell in cells)


HEAD = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
    "region_attributes"
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])  # as spreadsheets save it anew
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_table_holds_the_same(tmp_path, encoding, delimiter):
    xs, ys = np.transpose(SQUARE).tolist()
    polygon = {"name": "polygon", "all_points_x": xs, "all_points_y": ys}
    rows = [
        row("a.png", polygon, {"kind": "nanowire"}, by=delimiter),
        row("a.png", {"name": "rect", "x": 20, "y": 6, "width": 10, "height": 14}, by=delimiter),
        row("b.png", polygon, by=delimiter),
        row("a.png", {**polygon, "all_points_y": ys[:2]}, by=delimiter),
        row("a.png", {**polygon, "name": "polyline"}, by=delimiter),
        row("c.png", None, by=delimiter),
    ]
    table = "\r\n".join(["#" + HEAD.replace(",", delimiter), *rows])
    (tmp_path / "via.csv").write_bytes(table.encode(encoding))
    found = read(tmp_path / "via.csv")
    assert [mask.sum() for mask in masks_of(found)] == [140, 140]
    assert "a polygon of 4 places across and 2 down" in found.remarks[0]
    assert "a polyline encloses nothing" in found.remarks[1]


def test_only_the_images_own_regions_count(tmp_path):
    regions = [{"shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 5, "height": 5}}]
    names = ("x.png", "y.png")
    data = {name: {"filename": name, "regions": regions} for name in names}
    write_json(tmp_path / "via.json", data)
    with pytest.raises(InputError, match=r"no outlines of 'a\.png'.* lists is x\.png, y\.png"):
        read(tmp_path / "via.json")


def test_projects_of_version_3(tmp_path):
    corners = [side for point in SQUARE for side in point]
    regions = [
        [7, *corners], [2, 20, 6, 10, 14], [3, 40, 25, 8], [6, *corners], [1, 4, 4], [7, 1, 1], [],
    ]  # fmt: skip
    data = {
        "project": {"pname": "wires"},
        "file": {"1": {"fid": "1", "fname": "in/a.png"}, "2": {"fid": "2", "fname": "b.png"}},
        "view": {"1": {"fid_list": ["1"]}, "2": {"fid_list": ["2"]}, "3": {"fid_list": []}},
        "metadata": {f"1_{n}": {"vid": "1", "xy": xy} for n, xy in enumerate(regions)}
        | {"2_0": {"vid": "2", "xy": [2, 1, 1, 5, 5]}},
    }
    write_json(tmp_path / "via.json", data)
    found = read(tmp_path / "via.json")
    polygon, rect, circle = masks_of(found)
    np.testing.assert_array_equal(polygon, square())
    np.testing.assert_array_equal(rect, np.roll(square(), 15, 1))
    assert circle.sum() == pytest.approx(np.pi * 64, rel=0.05)
    assert len(found.remarks) == 3 and "a polyline encloses nothing" in found.remarks[0]
    data["metadata"] = {"1_0": {"vid": "1"}}
    write_json(tmp_path / "via.json", data)
    with pytest.raises(InputError, match=r"via\.json: "):
        read(tmp_path / "via.json")
