import base64
import importlib.util
import io

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.coco import make_annotation
from synthwire.io.files import read_json, write_json
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io import outlines as reading
from synthwire.io import outlines as writing
from synthwire.io.outlines import geometry

SHAPE = (40, 50)
needs_roifile = pytest.mark.skipif(
    importlib.util.find_spec("roifile") is None, reason="roifile, for Fiji ROIs, is not installed"
)
SQUARE = [[5.0, 6.0], [15.0, 6.0], [15.0, 20.0], [5.0, 20.0]]


def square() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[6:20, 5:15] = True
    return mask


def masks() -> list[np.ndarray]:
    """A square, one that overlaps it, a slanted wire, two parts, a ring, diagonal pixels."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    parts = np.zeros(SHAPE, bool)
    parts[30:35, 2:6] = parts[30:33, 10:12] = True
    corner = np.zeros(SHAPE, bool)
    corner[36, 40] = corner[37, 41] = corner[38, 40] = True
    ring = (np.hypot(x - 38, y - 12) < 9) & (np.hypot(x - 38, y - 12) > 4)
    return [square(), np.roll(square(), 4, 1), abs(x - y - 3) < 3, parts, ring, corner]


def coco(found: list[np.ndarray]) -> dict:
    return {
        "images": [{"id": 1, "file_name": "a.png", "height": SHAPE[0], "width": SHAPE[1]}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(number, 1, encode_mask(mask))
            for number, mask in enumerate(found, start=1)
        ],
    }


def read(path, **more) -> reading.Outlines:
    return reading.read_outlines(path, ["a.png"], SHAPE, **more)


def masks_of(found: reading.Outlines) -> list[np.ndarray]:
    return [decode_mask(item["segmentation"]) for item in found.annotations]


# -- geometry -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_rings_of_any_mask_fill_to_the_mask_again(mask):
    again = np.zeros(mask.shape, bool)
    for ring in geometry.rings_of(mask):
        again ^= geometry.fill(ring, mask.shape)
    np.testing.assert_array_equal(again, mask)


def test_ring_of_a_square_is_its_four_corners():
    (ring,) = geometry.rings_of(square())
    assert sorted(ring.tolist()) == sorted([[5, 6], [15, 6], [15, 20], [5, 20]])


def test_crossing_sides_are_told_from_touching_ones():
    assert geometry.crosses_itself(np.array([[0, 0], [10, 10], [10, 0], [0, 10]]))
    assert not geometry.crosses_itself(np.array(SQUARE))
    keyhole = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0], [3, 3], [3, 6], [6, 6], [6, 3], [3, 3]]
    assert not geometry.crosses_itself(np.array(keyhole))


# -- round trips ----------------------------------------------------------------------------------


def test_coco_round_trip_is_exact(tmp_path):
    writing.write_coco(tmp_path / "a.json", coco(masks()))
    found = read(tmp_path / "a.json")
    assert not found.remarks
    for mask, again in zip(masks(), masks_of(found), strict=True):
        np.testing.assert_array_equal(again, mask)


def test_coco_polygons_keep_every_mask(tmp_path):
    writing.write_coco(tmp_path / "a.json", coco(masks()), polygons=True)
    written = read_json(tmp_path / "a.json")["annotations"]
    assert [isinstance(item["segmentation"], list) for item in written] == [True] * 4 + [
        False,
        True,
    ]
    for mask, again in zip(masks(), masks_of(read(tmp_path / "a.json")), strict=True):
        assert (mask & again).sum() / (mask | again).sum() >= 0.99


def test_label_round_trip_is_exact_with_overlaps(tmp_path):
    data = coco(masks())
    assert writing.write_labels(tmp_path / "a.tif", data) == [1, 2, 3, 4, 5, 6]
    assert tifffile.imread(tmp_path / "a.tif").ndim == 3
    found = masks_of(read(tmp_path / "a.tif"))
    expected = {mask.tobytes() for mask in masks()}
    assert {mask.tobytes() for mask in found} == expected and len(found) == 6
    writing.write_labels(tmp_path / "b.tif", coco(masks()[3:]))
    plain = tifffile.imread(tmp_path / "b.tif")
    assert plain.shape == SHAPE and plain.max() == 3


@needs_roifile
def test_fiji_round_trip_is_exact_and_same_bytes(tmp_path):
    data = coco(masks())
    writing.write_fiji_rois(tmp_path / "a.zip", data)
    writing.write_fiji_rois(tmp_path / "b.zip", data)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    found = read(tmp_path / "a.zip")
    assert not found.remarks
    for mask, again in zip(masks(), masks_of(found), strict=True):
        np.testing.assert_array_equal(again, mask)


@needs_roifile
def test_fiji_slices_are_pages(tmp_path):
    data = coco(masks()[:2])
    data["images"].append({**data["images"][0], "id": 2})
    data["annotations"][1]["image_id"] = 2
    writing.write_fiji_rois(tmp_path / "a.zip", data)
    found = reading.read_outlines(tmp_path / "a.zip", ["a.tif"] * 2, SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 2]
    with pytest.raises(InputError, match="slice 2 of 1"):
        read(tmp_path / "a.zip")


@needs_roifile
def test_fiji_ovals_and_rectangles(tmp_path):
    from roifile import ROI_TYPE, ImagejRoi, roiwrite

    roiwrite(
        tmp_path / "a.zip",
        [
            ImagejRoi(roitype=ROI_TYPE.RECT, left=5, top=6, right=15, bottom=20, name="box"),
            ImagejRoi(roitype=ROI_TYPE.OVAL, left=20, top=10, right=40, bottom=30, name="oval"),
            ImagejRoi(roitype=ROI_TYPE.LINE, left=1, top=1, right=9, bottom=9, name="line"),
        ],
    )
    found = read(tmp_path / "a.zip")
    box, oval = masks_of(found)
    np.testing.assert_array_equal(box, square())
    assert oval.sum() == pytest.approx(np.pi * 100, rel=0.03)
    assert len(found.remarks) == 1 and "ROI line" in found.remarks[0]


# -- the tools' own forms -------------------------------------------------------------------------


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
    write_json(tmp_path / "b.json", {**data, "imageWidth": 51})
    with pytest.raises(InputError, match="40 × 51"):
        read(tmp_path / "b.json")


def test_label_images_of_several_pages(tmp_path):
    labels = np.zeros((2, *SHAPE), np.uint8)
    labels[0][square()] = 3
    labels[1, :5, :5] = 1
    tifffile.imwrite(tmp_path / "labels.tif", labels, photometric="minisblack")
    found = reading.read_outlines(tmp_path / "labels.tif", ["a.tif", "a.tif"], SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 2]
    np.testing.assert_array_equal(masks_of(found)[0], square())
    with pytest.raises(InputError, match="2 pages of labels for 1 images"):
        read(tmp_path / "labels.tif")
    tifffile.imwrite(tmp_path / "float.tif", np.full(SHAPE, 0.5, np.float32))
    with pytest.raises(InputError, match="whole numbers"):
        read(tmp_path / "float.tif")


# -- repair and refusal ---------------------------------------------------------------------------


def polygons(*rings) -> dict:
    data = coco([square()] * len(rings))
    for item, ring in zip(data["annotations"], rings, strict=True):
        item["segmentation"] = [np.ravel(ring).astype(float).tolist()]
    return data


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


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"{}", "neither COCO"),
        ("a.json", b"[1, 2]", "neither COCO"),
        ("a.json", b'{"shapes": [{"points": [[1]]}]}', "shape 0: no proper outline"),
        ("a.json", b'{"x": {"filename": "a.png", "regions": [{"shape_attributes": '
                   b'{"name": "rect"}}]}}', "region 0: no proper outline"),
        ("a.json", b"{", "not valid JSON"),
        ("a.tif", b"nothing", "not an image"),
    ],
)  # fmt: skip
def test_files_of_no_use_are_one_line(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path / name)
    assert name in str(error.value)


@needs_roifile
def test_damaged_fiji_files_are_one_line(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match=r"a\.zip: no Fiji ROI file"):
        read(tmp_path / "a.zip")
    (tmp_path / "a.roi").write_bytes(b"Iout\x00\xe3")
    with pytest.raises(InputError, match=r"a\.roi: no Fiji ROI file"):
        read(tmp_path / "a.roi")
