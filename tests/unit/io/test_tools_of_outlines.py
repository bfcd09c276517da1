"""Outlines as CVAT, Label Studio, QuPath, napari, YOLO and Cellpose write them."""

import base64
import io
import json

import numpy as np
import pytest
from outline_cases import SHAPE, SQUARE, masks_of, read, square
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.outlines.label_studio import decode_brush
from synthwire.io.outlines.reading import read_outlines

HEIGHT, WIDTH = SHAPE


def areas(path, **more) -> tuple[list[int], str]:
    found = read(path, **more)
    return sorted(item["area"] for item in found.annotations), "\n".join(found.remarks)


# -- CVAT ------------------------------------------------------------------------------------------


def cvat(*shapes: str, name: str = "a.png", size: tuple = (HEIGHT, WIDTH)) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta/>'
        f'<image id="0" name="{name}" width="{size[1]}" height="{size[0]}">{"".join(shapes)}'
        "</image></annotations>"
    )


POLYGON = '<polygon label="nanowire" points="5,6;15,6;15,20;5,20" group_id="{}"/>'
BOX = '<box label="nanowire" xtl="20" ytl="20" xbr="40" ybr="26" {}/>'


def test_cvat_shapes(tmp_path):
    rle = "0, 3, 1, 2"  # of a box of 3 across, 2 down: a row of three, then one of ground and two
    shapes = [
        POLYGON.format(0),
        BOX.format(""),
        '<ellipse label="nanowire" cx="40" cy="10" rx="8" ry="4"/>',
        f'<mask label="nanowire" rle="{rle}" left="1" top="30" width="3" height="2"/>',
        '<polyline label="nanowire" points="1,1;9,9"/>',
        '<polygon label="nanowire" points="1,1;9"/>',
        '<polygon label="nanowire" points="1,1;9,9"/>',
        '<tag label="blurred"/>',
        '<polyline label="nanowire" points="30,30;40,30;40,36;30,36;30,30"/>',
    ]
    (tmp_path / "a.xml").write_text(cvat(*shapes))
    found, remarks = areas(tmp_path / "a.xml")
    assert found[:2] == [5, 60] and found[3:] == [120, 140]
    assert found[2] == pytest.approx(np.pi * 32, rel=0.06)
    for number, what in (
        (5, "a polyline encloses"),
        (6, "no proper outline"),
        (7, "three"),
    ):
        assert (
            sum(f"shape {number}: " in line and what in line for line in remarks.split("\n")) == 1
        )
    assert len(remarks.split("\n")) == 3


def test_cvat_turns_boxes_about_their_middle_and_unites_groups(tmp_path):
    (tmp_path / "a.xml").write_text(cvat(BOX.format('rotation="90"')))
    (mask,) = masks_of(read(tmp_path / "a.xml"))
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (13, 32, 27, 32)
    (tmp_path / "a.xml").write_text(cvat(POLYGON.format(3), BOX.format('group_id="3"')))
    found, remarks = areas(tmp_path / "a.xml")
    assert found == [260]
    assert "one particle of 2 shapes" in remarks


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (cvat(POLYGON.format(0), size=(41, 50)), "41 × 50"),
        ("<annotations><track><polygon/></track></annotations>", "for videos"),
        ("<annotations><image", "not valid XML"),
        ("<annotation><object><bndbox></bndbox></object></annotation>", "Pascal VOC"),
        ("<TrakEM2/>", "XML, but not CVAT's"),
        (cvat('<polyline label="w" points="1,1;9,9"/>'), "a polyline encloses nothing"),
    ],
)
def test_other_xml_is_one_line(tmp_path, text, says):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path / "a.xml")
    assert "\n" not in str(error.value)


# -- Label Studio ----------------------------------------------------------------------------------


def percent(points) -> list:
    return [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in points]


def result(kind: str, **value) -> dict:
    value[kind] = ["nanowire"]
    return {"type": kind, "original_width": WIDTH, "original_height": HEIGHT, "value": value}


def task(*results: dict, image: str = "/data/upload/1/90fbb0c7-a.png") -> dict:
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": list(results)}]}


def brush(mask: np.ndarray) -> list[int]:
    """The run-length code of an RGBA picture of a mask, in runs of one value or one by one."""
    values = np.repeat(mask.ravel().astype(int) * 255, 4)
    bits = (
        f"{len(values):032b}" + f"{7:05b}" + "".join(f"{width - 1:04b}" for width in (3, 4, 8, 16))
    )
    place = 0
    while place < len(values):
        run = 1
        while run < 256 and (values[place : place + run + 1] == values[place]).sum() == run + 1:
            run += 1
        if run == 1:
            bits += "0" + "00" + "000" + f"{values[place]:08b}"
        else:
            bits += "1" + "10" + f"{run - 1:08b}" + f"{values[place]:08b}"
        place += run
    bits += "0" * (-len(bits) % 8)
    return [int(bits[start : start + 8], 2) for start in range(0, len(bits), 8)]


def test_label_studio_shapes(tmp_path):
    speck = np.zeros(SHAPE, bool)
    speck[30:33, 3:9] = speck[35, 4] = True
    results = [
        result("polygonlabels", points=percent(SQUARE)),
        result("rectanglelabels", x=60, y=50, width=20, height=15, rotation=0),
        result("rectanglelabels", x=90, y=10, width=24, height=10, rotation=90),
        result("ellipselabels", x=30, y=80, radiusX=16, radiusY=10, rotation=0),
        result("brushlabels", format="rle", rle=brush(speck)),
        result("keypointlabels", x=1, y=1, width=1),
        {"type": "choices", "value": {"choices": ["sharp"]}},
        result("polygonlabels", points=[[1, 1]]),
    ]
    (tmp_path / "a.json").write_text(json.dumps([task(*results)]))
    found = read(tmp_path / "a.json")
    polygon, box, turned, oval, painted = masks_of(found)
    np.testing.assert_array_equal(polygon, square())
    assert (box.sum(), turned.sum()) == (60, 48)
    rows, columns = np.nonzero(turned)
    assert (rows.min(), columns.max()) == (4, 44) and np.ptp(rows) > np.ptp(columns)
    assert oval.sum() == pytest.approx(np.pi * 32, rel=0.06)
    np.testing.assert_array_equal(painted, speck)
    assert len(found.remarks) == 2
    assert "result 5: a keypointlabels encloses nothing" in found.remarks[0]


def test_label_studio_short_form_and_the_first_of_several_people(tmp_path):
    region = {"points": percent(SQUARE), "polygonlabels": ["nanowire"], "original_width": WIDTH,
              "original_height": HEIGHT}  # fmt: skip
    short = [{"image": "/data/upload/a.png", "id": 3, "label": [region], "annotator": 1}]
    (tmp_path / "short.json").write_text(json.dumps(short))
    assert areas(tmp_path / "short.json") == ([140], "")
    two = task(result("polygonlabels", points=percent(SQUARE)))
    two["annotations"] = [
        {"result": [], "was_cancelled": True},
        *two["annotations"],
        {"result": []},
    ]
    (tmp_path / "two.json").write_text(json.dumps([two]))
    found, remarks = areas(tmp_path / "two.json")
    assert found == [140] and "the first of 2 people's" in remarks


def test_label_studio_takes_the_ground_truth_or_who_drew_something(tmp_path):
    drawn = {"result": [result("polygonlabels", points=percent(SQUARE))]}
    box = {"result": [result("rectanglelabels", x=60, y=50, width=20, height=15)]}
    for annotations, pixels, says in (
        ([{"result": []}, drawn], [140], "the first with outlines of 2"),
        ([drawn, {**box, "ground_truth": True}], [60], "the ground truth of 2"),
        ([{**drawn, "was_cancelled": True}], [], "it was skipped"),
    ):
        (tmp_path / "a.json").write_text(json.dumps([{**task(), "annotations": annotations}]))
        found, remarks = areas(tmp_path / "a.json")
        assert found == pixels and says in remarks


def test_label_studio_short_form_of_images_some_of_which_are_empty(tmp_path):
    region = {"points": percent(SQUARE), "polygonlabels": ["nanowire"], "original_width": WIDTH,
              "original_height": HEIGHT}  # fmt: skip
    some = [
        {"title": "Fig. 1", "scan": f"s3://store/{name}.png", "annotator": 1, **more}
        for name, more in (("b", {}), ("a", {"label": [region]}), ("c", {"label": []}))
    ]
    (tmp_path / "a.json").write_text(json.dumps(some))
    assert areas(tmp_path / "a.json") == ([140], "")


def test_label_studio_bit_masks_closed_vectors_and_images_of_one_task(tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.uint8(square()) * 255).save(picture, "PNG")
    url = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    beside = percent([[x + 20, y] for x, y in SQUARE])
    vertices = [{"id": f"{x}", "x": x, "y": y} for x, y in beside]
    results = [
        result("bitmasklabels", imageDataURL=url),
        result("vectorlabels", vertices=vertices, closed=True),
        result("vectorlabels", vertices=vertices, closed=False),
        {**result("polygonlabels", points=percent(SQUARE)), "item_index": 1},
    ]
    (tmp_path / "a.json").write_text(json.dumps([task(*results)]))
    found, remarks = areas(tmp_path / "a.json")
    assert found == [140, 140]
    assert "result 2: a vector encloses nothing" in remarks
    assert "result 3: of another image of the same task; left out" in remarks


def test_label_studio_on_a_turned_image_and_of_a_model_alone(tmp_path):
    turned = {**result("polygonlabels", points=percent(SQUARE)), "image_rotation": 90}
    kept = result("rectanglelabels", x=60, y=50, width=20, height=15, rotation=0)
    (tmp_path / "a.json").write_text(json.dumps([task(turned, kept)]))
    found, remarks = areas(tmp_path / "a.json")
    assert found == [60] and "turned by 90°" in remarks
    guessed = {**task(), "annotations": [], "predictions": [{"result": [kept]}]}
    (tmp_path / "a.json").write_text(json.dumps([guessed]))
    found, remarks = areas(tmp_path / "a.json")
    assert found == [] and "a model's predictions alone" in remarks
    draft = {"drafts": [{"result": [kept]}]}
    for more, says in ((draft, "a draft that was not submitted"), ({}, "not annotated yet")):
        (tmp_path / "a.json").write_text(json.dumps([{**task(), "annotations": [], **more}]))
        found, remarks = areas(tmp_path / "a.json")
        assert found == [] and f"{says}; nobody's annotations are there" in remarks


def test_broken_brushes_are_named():
    code = brush(square())
    np.testing.assert_array_equal(decode_brush(code, SHAPE), square())
    for bad in (code[: len(code) // 2], [0] * 20, []):
        with pytest.raises(ValueError, match="the brush's code"):
            decode_brush(bad, SHAPE)


# -- GeoJSON ---------------------------------------------------------------------------------------


def feature(kind: str, coordinates: list, **properties) -> dict:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"objectType": "annotation", **properties},
    }


RING = [[20, 10], [40, 10], [40, 30], [20, 30], [20, 10]]
HOLE = [[25, 15], [35, 15], [35, 25], [25, 25], [25, 15]]
FAR = [[2, 2], [8, 2], [8, 6], [2, 6], [2, 2]]


@pytest.mark.parametrize(
    "wrap", [lambda items: {"type": "FeatureCollection", "features": items}, list]
)
def test_geojson_of_qupath(tmp_path, wrap):
    items = [
        feature("Polygon", [RING, HOLE], classification={"name": "nanowire"}),
        feature("MultiPolygon", [[FAR], [[[x, y + 30] for x, y in FAR]]]),
        feature("LineString", RING),
        feature("Polygon", [[[1, 1]]]),
    ]
    (tmp_path / "a.geojson").write_text(json.dumps(wrap(items)))
    found, remarks = areas(tmp_path / "a.geojson")
    assert found == [48, 300]
    assert "feature 3: a LineString encloses nothing" in remarks and "feature 4: " in remarks
    names = [["Ignore*"], ["nanowire", "bent"]]  # as of QuPath 0.5
    items = [
        feature("Polygon", [ring], classification={"names": name, "color": [0, 0, 0]})
        for ring, name in zip((RING, FAR), names, strict=True)
    ]
    (tmp_path / "b.json").write_text(json.dumps(wrap(items)))
    found, remarks = areas(tmp_path / "b.json")
    assert found == [24] and "of the class 'Ignore*', which is no particle" in remarks
    assert "class 'nanowire: bent'" in remarks
    (tmp_path / "b.json").write_text(json.dumps(feature("Polygon", [RING])))
    assert areas(tmp_path / "b.json") == ([400], "")


def test_geojson_with_a_bad_feature_of_several_planes_or_of_nothing(tmp_path):
    ring = [*SQUARE, SQUARE[0]]
    far = [[x + 20, y] for x, y in ring]
    features = [
        feature("Polygon", [ring]),
        {"type": "Tile"},
        {"type": "Feature", "geometry": None},
        feature("Polygon", [far]),
    ]
    features[3]["geometry"]["plane"] = {"c": -1, "z": 1, "t": 0}
    (tmp_path / "a.geojson").write_text(json.dumps(features))
    found, remarks = areas(tmp_path / "a.geojson")
    assert found == [140, 140]
    assert "feature 2: a Tile encloses nothing" in remarks and "feature 3: " in remarks
    assert "2 planes: of a stack" in remarks
    (tmp_path / "b.geojson").write_text("[]")
    assert areas(tmp_path / "b.geojson") == ([], "")


# -- napari ----------------------------------------------------------------------------------------


def shapes_table(*shapes: tuple[str, list], page: int | None = None) -> str:
    axes = 2 if page is None else 3
    lines = ["index,shape-type,vertex-index," + ",".join(f"axis-{axis}" for axis in range(axes))]
    for index, (kind, vertices) in enumerate(shapes):
        for number, vertex in enumerate(vertices):
            place = ",".join(map(str, vertex if page is None else [page, *vertex]))
            lines.append(f"{index},{kind},{number},{place}")
    return "\n".join(lines) + "\n"


def test_napari_shapes_count_from_the_first_pixels_centre(tmp_path):
    box = [(6, 5), (6, 15), (20, 15), (20, 5)]
    round_box = [(20, 20), (20, 40), (36, 40), (36, 20)]
    table = shapes_table(
        ("rectangle", box), ("ellipse", round_box), ("path", box), ("polygon", [(1, 1)])
    )
    (tmp_path / "a.csv").write_text(table)
    found = read(tmp_path / "a.csv")
    rectangle, ellipse = masks_of(found)
    np.testing.assert_array_equal(rectangle, square())
    assert ellipse.sum() == pytest.approx(np.pi * 80, rel=0.05)
    centre = np.argwhere(ellipse).mean(axis=0)
    np.testing.assert_allclose(centre, (28, 30), atol=0.51)
    assert "shape 2: a path encloses nothing" in found.remarks[0]
    (tmp_path / "b.csv").write_text(shapes_table(("polygon", box), page=1))
    found = read_outlines(tmp_path / "b.csv", ["a.tif", "a.tif"], SHAPE)
    assert [item["image_id"] for item in found.annotations] == [2]
    first, *vertices = shapes_table(("polygon", box)).splitlines()
    (tmp_path / "e.csv").write_text("\n".join([first, *sorted(vertices, key=lambda row: row[-1])]))
    assert areas(tmp_path / "e.csv")[0] == [140]
    german = shapes_table(("polygon", [(y - 0.5, x - 0.5) for y, x in box]))
    (tmp_path / "d.csv").write_text(german.replace(",", ";").replace(".", ","))
    assert areas(tmp_path / "d.csv")[0] == [140]
    (tmp_path / "c.csv").write_text("Area,Mean,Min\n1,2,3\n")
    with pytest.raises(InputError, match="a table, but neither VIA's nor napari's"):
        read(tmp_path / "c.csv")


# -- YOLO, Cellpose --------------------------------------------------------------------------------


def parts(points) -> str:
    return " ".join(f"{x / WIDTH:.6f} {y / HEIGHT:.6f}" for x, y in points)


def test_yolo_polygons_boxes_and_scores(tmp_path):
    lines = [
        f"0 {parts(SQUARE)}",
        f"0 {parts([(30, 20), (20, 10)])}",
        f"0 {parts(FAR[:4])} 0.91",
        "0 1.5 0.1 1.6 0.1 1.6 0.2",
        "0 0.1 0.1 0.2 0.2 0.3 nan",
    ]
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text("names:\n  0: nanowire\n")
    (tmp_path / "labels" / "a.txt").write_text("\n".join(lines) + "\n\n")
    found, remarks = areas(tmp_path / "labels" / "a.txt")
    assert found == [24, 140, 200]
    assert "1 lines: boxes alone" in remarks and "line 3: ends with a score" in remarks
    assert "line 4: no proper outline (places must be parts" in remarks
    assert "line 5: " in remarks and "class" not in remarks
    lines += ["zero 0.1 0.2 0.3", "0 0.1"]
    (tmp_path / "labels" / "a.txt").write_text("\n".join(lines))
    found, remarks = areas(tmp_path / "labels" / "a.txt")
    assert len(found) == 3 and "line 6: neither a class and a polygon" in remarks
    (tmp_path / "labels" / "b.txt").write_text("")
    assert areas(tmp_path / "labels" / "b.txt") == ([], "")


def test_yolo_key_points_are_no_polygon(tmp_path):
    box, ends = parts([(30, 20), (20, 10)]), [parts([point]) for point in ((21, 16), (39, 24))]
    for folder, points in (("flags", f"{ends[0]} 1 {ends[1]} 0"), ("named", " ".join(ends))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(f"0 {box} {points}\n")
    (tmp_path / "named" / "data.yaml").write_text("kpt_shape: [2, 2]\nnames:\n  0: nanowire\n")
    for folder in ("flags", "named"):
        found, remarks = areas(tmp_path / folder / "a.txt")
        assert found == [200] and "1 lines: boxes alone" in remarks


def test_outlines_of_cellpose_as_text(tmp_path):
    text = "5,6,15,6,15,20,5,20\n20,10,40,10,40,30,20,30,\n1,2,3\n"
    (tmp_path / "a_cp_outlines.txt").write_text(text)
    found, remarks = areas(tmp_path / "a_cp_outlines.txt")
    assert found == [140, 400]
    assert "areas are a little small" in remarks and "line 3: 3 numbers; pairs of x" in remarks


@pytest.mark.parametrize(
    "text",
    ["magnification 5000\n", "0 0.1 0.2\n", "a,b\n", "-1 0 0 1 1\n", "0, 0.1, 0.1, 0.2, 0.2\n"],
)
def test_other_texts_are_named(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match="text, but neither YOLO's"):
        read(tmp_path / "a.txt")


# -- what is not read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.ilp", b"\x89HDF", "an ilastik project; export"),
        ("a.qpdata", b"\0", "QuPath's own data; export the objects as GeoJSON"),
        ("a.mat", b"MATLAB", "MATLAB's data"),
        ("a.pkl", b"\x80\4.", "a Python pickle"),
        ("a.json", b'{"objects": [], "size": {}, "frames": []}', "Supervisely"),
        ("a.json", b'{"annotations": []}', "without the list 'images'"),
        ("a.json", b'{"info": {}, "objects": []}', "ISAT's JSON"),
        ("a.json", b'[{"External ID": "a.png", "Label": {}}]', "Labelbox"),
        ("a.json", b'{"images": [], "categories": []}', "without the list 'annotations'"),
        ("a.json", b"[]", "nothing in it"),
        ("a.txt", b' {"images": []}', "JSON by its content, but named .txt"),
        ("a.csv", b" \n\n", "an empty file"),
        ("a.csv", b"filename,region_shape_attributes\n", "VIA's table without a row"),
        ("a.csv", b"# Exported using VGG Image Annotator\n", "save its project as JSON"),
        ("a.wxyz", b"\0", r"'\.wxyz' is no format of outlines"),
        ("data.yaml", b"names: [a]", "the folder or the zip of YOLO's"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named_with_what_to_export(name, content, says):
    with pytest.raises(InputError, match=says) as error:
        read(MemoryFile(name, content))
    assert str(error.value).startswith(f"{name}: ") and "\n" not in str(error.value)
