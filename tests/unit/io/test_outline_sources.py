"""Folders, archives and files as the outlines of images."""

import json
import zipfile

import numpy as np
import pytest
from outline_cases import SHAPE, SQUARE, coco, masks_of, square
from PIL import Image

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, write_json
from synthwire.io.outlines.pairing import Fault
from synthwire.io.outlines.reading import read_outlines
from synthwire.io.outlines.sources import Claim, OutlineSource


def shapes(name: str, count: int = 1) -> dict:
    shape = {"label": "nanowire", "points": SQUARE, "shape_type": "polygon"}
    return {"imagePath": name, "shapes": [shape] * count}


def labels(path, mask=None) -> None:
    mask = square() if mask is None else mask
    Image.fromarray(mask.astype(np.uint8)).save(path)


def found_in(folder, *names: str) -> list:
    images = [str(folder / name) for name in names]
    claims = OutlineSource(folder, images).claims
    return [
        claim.file.name if isinstance(claim, Claim) else claim
        for claim in (claims[image] for image in images)
    ]


def test_an_image_is_never_its_own_outlines_nor_its_neighbours(tmp_path):
    for name in ("a.tif", "b.png", "c.tif", "c.png"):
        labels(tmp_path / name)
    for name in ("a.tif", "b.png"):
        write_json((tmp_path / name).with_suffix(".json"), shapes(name))
    found = found_in(tmp_path, "a.tif", "b.png", "c.tif", "c.png")
    assert found == ["a.json", "b.json", None, None]
    alone = OutlineSource(tmp_path / "a.tif", [tmp_path / "a.tif"])
    with pytest.raises(InputError, match="is the image itself"):
        alone.require(tmp_path / "a.tif")


def test_a_file_that_names_its_image_decides_between_equal_stems(tmp_path):
    for name in ("a.tif", "a.png"):
        labels(tmp_path / name)
    write_json(tmp_path / "a.json", shapes("a.png"))
    assert found_in(tmp_path, "a.tif", "a.png")[1] == "a.json"
    assert found_in(tmp_path, "a.tif", "a.png")[0] != "a.json"


def test_a_file_that_names_another_image_than_it_is_called_after_is_a_fault(tmp_path):
    (tmp_path / "drawn").mkdir()
    for name, named in (("a", "b.png"), ("b", "b.png"), ("c", "before_it_was_renamed.png")):
        labels(tmp_path / f"{name}.png")
        write_json(tmp_path / "drawn" / f"{name}.json", shapes(named))
    images = [str(tmp_path / f"{name}.png") for name in "abc"]
    first, *others = OutlineSource(tmp_path / "drawn", images).claims.values()
    assert str(first).startswith(f"a.json is called as {images[0]}, but names b.png, as ")
    assert [claim.file.name for claim in others] == ["b.json", "c.json"]


def test_copies_of_images_and_notes_beside_outlines_do_not_count(tmp_path):
    folder = tmp_path / "drawn"
    folder.mkdir()
    labels(folder / "a.png")
    write_json(folder / "a.json", shapes("a.png"))
    (folder / "a.txt").write_text("$CM_MAG 5000\nscale 12 nm")
    (folder / "a.csv").write_text("Area,Mean\n12,4\n")
    (folder / ".a.json").write_text("{")
    claims = OutlineSource(folder, ["in/a.tif"]).claims
    assert claims["in/a.tif"] == Claim(folder / "a.json")


def test_two_files_for_one_image_are_a_fault_that_lists_both(tmp_path):
    write_json(tmp_path / "a.json", shapes("x.tif"))
    write_json(tmp_path / "a.geojson", {"type": "FeatureCollection", "features": []})
    source = OutlineSource(tmp_path, ["in/a.tif", "in/b.tif"])
    assert isinstance(source.claims["in/a.tif"], Fault)
    with pytest.raises(InputError, match=r"two for in/a\.tif: a\.geojson, a\.json"):
        source.require("in/a.tif")
    with pytest.raises(InputError, match=r"no outlines of 'b\.tif'; there is a\.geojson, a\.json"):
        source.require("in/b.tif")


def test_a_folder_with_one_file_that_names_all(tmp_path):
    data = coco([square()])
    data["images"].append({**data["images"][0], "id": 2, "file_name": "sub\\b.png"})
    (tmp_path / "annotations").mkdir()
    write_json(tmp_path / "annotations" / "instances_default.json", data)
    source = OutlineSource(tmp_path, ["in/a.png", "in/b.png", "in/c.png"])
    assert source.require("in/a.png").name == "a.png"
    assert source.require("in/b.png").name == "sub\\b.png"
    assert source.claims["in/c.png"] is None


def test_equal_names_in_two_folders(tmp_path):
    for sub in ("one", "two"):
        (tmp_path / sub).mkdir()
        write_json(tmp_path / sub / "img.json", shapes("img.tif"))
    source = OutlineSource(tmp_path, ["in/one/img.tif", "in/two/img.tif"])
    for sub in ("one", "two"):
        assert source.require(f"in/{sub}/img.tif").file == tmp_path / sub / "img.json"


@pytest.fixture
def export(tmp_path):
    """A zip as CVAT makes it of masks, with the pictures and what macOS adds."""
    path = tmp_path / "export.zip"
    labels(tmp_path / "mask.png")
    png = (tmp_path / "mask.png").read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labelmap.txt", "# label:color_rgb:parts:actions\nnanowire:128,0,0::\n")
        for folder in ("JPEGImages", "SegmentationClass", "SegmentationObject"):
            for name in ("a", "b"):
                archive.writestr(f"{folder}/{name}.png", png)
        archive.writestr("__MACOSX/SegmentationObject/._a.png", b"\0\5\26\7")
        archive.writestr("SegmentationObject/.DS_Store", b"\0\0\0\1Bud1")
    return path


def test_archives_hold_a_file_for_each_image(export):
    found = read_outlines(export, ["in/a.tif", "in/b.tif"], SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 2]
    np.testing.assert_array_equal(masks_of(found)[0], square())
    in_memory = MemoryFile("export.zip", export.read_bytes())
    assert read_outlines(in_memory, ["in/a.tif", "in/b.tif"], SHAPE) == found
    with pytest.raises(InputError, match=r"no outlines of 'c\.tif'; there is SegmentationObject/a"):
        read_outlines(export, ["in/a.tif", "in/c.tif"], SHAPE)


def test_yolo_archives_have_names_of_classes(tmp_path):
    text = "1 " + " ".join(f"{x / 50} {y / 40}" for x, y in SQUARE)
    for name, content in (
        ("data.yaml", "names: [sphere, nanowire]\n"),
        ("classes.txt", "a\nnanowire\n"),
    ):
        with zipfile.ZipFile(tmp_path / "yolo.zip", "w") as archive:
            archive.writestr(name, content)
            archive.writestr("labels/train/a.txt", text)
            archive.writestr("labels/train/b.txt", "")
        found = read_outlines(tmp_path / "yolo.zip", ["a.tif", "b.tif"], SHAPE)
        assert not found.remarks
        assert [item["image_id"] for item in found.annotations] == [1]


def test_the_only_image_goes_with_the_only_file_of_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "task_7.zip", "w") as archive:
        archive.writestr("annotations/instances.json", json.dumps(coco([square()])))
    found = read_outlines(tmp_path / "task_7.zip", ["wires.tif"], SHAPE)
    assert len(found.annotations) == 1
    assert "'a.png': taken as 'wires.tif', the only image" in found.remarks[0]


def test_damaged_archives_are_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.json", "{")
    for image in ("a.tif", "b.tif"):
        with pytest.raises(InputError, match=r"a\.zip/a\.json: not valid JSON"):
            read_outlines(tmp_path / "a.zip", [image], SHAPE)
    (tmp_path / "b.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:40])
    with pytest.raises(InputError, match=r"b\.zip: no Fiji ROI file, or a damaged one"):
        read_outlines(tmp_path / "b.zip", ["a.tif"], SHAPE)


def test_one_file_of_many_images_and_one_of_a_single_image(tmp_path):
    write_json(tmp_path / "all.json", coco([square()]))
    images = ["in/a.png", "in/b.png"]
    source = OutlineSource(tmp_path / "all.json", images)
    assert [source.claims[image] is None for image in images] == [False, True]
    assert source.there == ["a.png"]
    labels(tmp_path / "b_masks.png")
    source = OutlineSource(tmp_path / "b_masks.png", images)
    assert [source.claims[image] is None for image in images] == [True, False]


def test_what_cellpose_saves_twice_is_no_doubt(tmp_path):
    labels(tmp_path / "a.png")
    labels(tmp_path / "a_cp_masks.png")
    (tmp_path / "a_cp_outlines.txt").write_text("5,6,15,6,15,20,5,20\n")
    masks = square().astype(np.uint16)
    np.save(tmp_path / "a_seg.npy", {"masks": masks}, allow_pickle=True)
    assert found_in(tmp_path, "a.png") == ["a_cp_masks.png"]
    np.save(tmp_path / "a_seg.npy", {"masks": np.roll(masks, 1)}, allow_pickle=True)
    (fault,) = found_in(tmp_path, "a.png")
    assert str(fault).endswith("a_cp_masks.png, a_seg.npy")


def test_a_file_beside_its_images_is_of_those_of_its_folder(tmp_path):
    for number, sub in enumerate(("train", "val"), start=1):  # as Roboflow exports them
        (tmp_path / sub).mkdir()
        data = coco([square()] * number)
        data["images"][0]["file_name"] = "a.png"
        write_json(tmp_path / sub / "_annotations.coco.json", data)
    source = OutlineSource(tmp_path, [str(tmp_path / sub / "a.png") for sub in ("train", "val")])
    for sub in ("train", "val"):
        claim = source.require(tmp_path / sub / "a.png")
        assert claim == Claim(tmp_path / sub / "_annotations.coco.json", "a.png")


def test_labels_go_before_a_copy_of_the_image_beside_them(tmp_path):
    labels(tmp_path / "a.png")  # any picture
    labels(tmp_path / "a_labels.png")
    claims = OutlineSource(tmp_path, ["in/a.tif"]).claims
    assert claims["in/a.tif"] == Claim(tmp_path / "a_labels.png")


def test_a_folder_of_results_is_that_of_what_they_chose(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        data = coco([square()])
        data["images"][0]["file_name"] = f"{name}.tif"
        for file in ("coco.json", "proposals.json"):
            write_json(tmp_path / name / file, data)
        labels(tmp_path / name / "image.png")
    source = OutlineSource(tmp_path, ["in/a.tif", "in/b.tif"])
    for name in ("a", "b"):
        assert source.require(f"in/{name}.tif").file == tmp_path / name / "coco.json"


def test_names_in_archives_that_do_not_say_that_they_are_utf_8(tmp_path):
    with zipfile.ZipFile(tmp_path / "drawn.zip", "w") as archive:
        for name in ("dr__ht.json", "b.json"):
            archive.writestr(name, json.dumps(shapes("x.tif")))
    content = (tmp_path / "drawn.zip").read_bytes().replace(b"dr__ht", "dräht".encode())
    (tmp_path / "drawn.zip").write_bytes(content)
    source = OutlineSource(tmp_path / "drawn.zip", ["in/dräht.tif", "in/b.tif"])
    assert source.require("in/dräht.tif").file.name.endswith("dräht.json")
