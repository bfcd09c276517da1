"""What the images of a batch are compared with: faults cost the comparison alone."""

from pathlib import Path

import numpy as np
from PIL import Image

from synthwire.io.files import write_json
from synthwire.segmentation.reference import Reference, References

SHAPE = (60, 80)
BOX = [[10, 10], [30, 10], [30, 20], [10, 20]]


def labelme(path: Path, name: str, *more: dict) -> None:
    shape = {"label": "nanowire", "shape_type": "polygon", "points": BOX}
    write_json(path, {"imagePath": name, "shapes": [shape, *more]})


def image(path: Path) -> Path:
    Image.fromarray(np.arange(4800, dtype=np.uint8).reshape(SHAPE)).save(path)
    return path


def references(outlines: Path, *images: Path) -> list[Reference]:
    known = References(outlines, images, ["nanowire"])
    return [known.read(image, 1, SHAPE) for image in images]


def test_what_is_wrong_is_said_and_the_others_are_compared(tmp_path):
    images = [image(tmp_path / f"{name}.png") for name in "abcde"]
    labelme(tmp_path / "a.json", "a.png", {"shape_type": "linestrip", "points": BOX[:2]})
    labelme(tmp_path / "b.json", "b.png")
    labelme(tmp_path / "b_labels.geojson", "b.png")
    (tmp_path / "c.json").write_text("{")
    write_json(tmp_path / "d.json", {"imagePath": "d.png", "shapes": [], "imageHeight": 9,
                                     "imageWidth": 9})  # fmt: skip
    a, b, c, d, e = references(tmp_path, *images)
    assert len(a.annotations) == 1 and a.fault is None
    assert len(a.remarks) == 1 and "a linestrip encloses nothing" in a.remarks[0]
    assert len(b.annotations) == 1
    assert (c.annotations, d.annotations, e) == (None, None, Reference())
    assert "c.json: not valid JSON" in c.fault
    assert "9 × 9 pixels there, but the image file is 60 × 80" in d.fault


def test_two_files_for_one_image_are_a_fault(tmp_path):
    path = image(tmp_path / "a.png")
    (tmp_path / "drawn").mkdir()
    for name in ("a.json", "a.geojson"):
        labelme(tmp_path / "drawn" / name, "other.png")
    known = References(tmp_path / "drawn", [path], ["nanowire"])
    assert known.read(path, 1, SHAPE).fault.endswith(f"two for {path}: a.geojson, a.json")
    before = known.fingerprint(path)
    (tmp_path / "drawn" / "a.geojson").unlink()
    again = References(tmp_path / "drawn", [path], ["nanowire"])
    assert again.read(path, 1, SHAPE).fault is None
    assert again.fingerprint(path) != before


def test_a_damaged_file_of_all_outlines_is_everybodys_fault(tmp_path):
    images = [image(tmp_path / f"{name}.png") for name in "ab"]
    (tmp_path / "all.json").write_text("[")
    a, b = references(tmp_path / "all.json", *images)
    assert a.fault == b.fault and "all.json: not valid JSON" in a.fault
    assert References(tmp_path / "all.json", images, ["nanowire"]).there == []


def test_the_fingerprint_changes_with_the_outlines(tmp_path):
    path = image(tmp_path / "a.png")
    labelme(tmp_path / "a.json", "a.png")
    before = References(tmp_path, [path], ["nanowire"]).fingerprint(path)
    labelme(tmp_path / "a.json", "a.png", {"points": BOX[:1]})
    assert References(tmp_path, [path], ["nanowire"]).fingerprint(path) != before
    (tmp_path / "a.json").unlink()
    assert References(tmp_path, [path], ["nanowire"]).fingerprint(path) is None
