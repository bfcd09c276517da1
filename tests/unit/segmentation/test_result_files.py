"""The files of a result tell the same as the result."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from segmentation_cases import LEAST, SIZE_NM, rectangles

from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.masks import decode_mask
from synthwire.io.outlines import read_outlines
from synthwire.segmentation.options import Selection
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.result_files import FILES


def test_an_image_in_which_nothing_is_found_has_empty_files():
    empty = rectangles()
    assert empty.masks.shape == (0, 60, 80)
    files = empty.as_files()
    assert pd.read_csv(io.BytesIO(files["particles.csv"])).empty
    assert not tifffile.imread(io.BytesIO(files["labels.tif"])).any()


def test_centre_lines_are_written_for_fiji_and_as_a_table():
    wires = rectangles((10, 5, 18, 75), (30, 20, 42, 70))
    files = wires.as_files()
    points = pd.read_csv(io.BytesIO(files["centrelines.csv"]))
    assert list(points["id"].unique()) == [1, 2]
    assert points.groupby("id")["along_px"].max().tolist() == pytest.approx([70, 50], abs=0.5)
    assert points.groupby("id")["width_px"].mean().tolist() == pytest.approx([8, 12], abs=0.1)
    assert wires.particles["line_length_px"].tolist() == pytest.approx([70, 50], abs=0.5)
    lines = read_outlines(MemoryFile("l.zip", files["centrelines.zip"]), ["a"], (60, 80))
    for annotation, mask in zip(lines.annotations, wires.masks, strict=True):
        assert (decode_mask(annotation["segmentation"]) ^ mask).sum() < 0.02 * mask.sum()
    other = wires.select(threshold=0.85)
    assert other.particles["id"].tolist() == [1] and other.traced is wires.traced


def test_every_file_tells_the_same_particles(result, tmp_path):
    # some of what was found, whatever this processor makes of the network's last bits
    result = result.select(threshold=float(result.particles["score"].median()))
    folder = result.save(tmp_path / "wires")
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "SHA256SUMS"])
    table = pd.read_csv(folder / "particles.csv")
    assert table.pop("by_hand").isna().all()
    pd.testing.assert_frame_equal(
        table, result.particles.drop(columns="by_hand"), rtol=1e-6, check_dtype=False
    )
    coco = json.loads((folder / "coco.json").read_text())
    assert [item["id"] for item in coco["annotations"]] == list(result.ids)
    proposals = json.loads((folder / "proposals.json").read_text())
    assert len(proposals["annotations"]) == len(result.results) > len(table)
    np.testing.assert_array_equal(np.asarray(Image.open(folder / "image.png")), result.image)
    assert all(
        {"segmentation", "bbox", "area", "score"} <= item.keys() for item in coco["annotations"]
    )
    by_id = {item["id"]: item for item in coco["annotations"]}
    with tifffile.TiffFile(folder / "labels.tif") as tiff:
        labels = tiff.asarray().reshape(-1, 64, 96)
        assert tiff.shaped_metadata[0]["pixel_size_nm"] == list(SIZE_NM)
        assert tiff.imagej_metadata["unit"] == "nm"
        tags = tiff.pages.first.tags
        per_nm = [tags[name].value for name in ("YResolution", "XResolution")]
        assert [units / pixels for pixels, units in per_nm] == pytest.approx(list(SIZE_NM))
    rois = read_outlines(folder / "rois.zip", ["wires"], (64, 96)).annotations
    assert len(rois) == len(table)
    for number, mask, roi in zip(table["id"], result.masks, rois, strict=True):
        assert ((labels == number).any(axis=0) == mask).all()
        assert (decode_mask(by_id[number]["segmentation"]) == mask).all()
        assert (decode_mask(roi["segmentation"]) == mask).all()
    with Image.open(folder / "overlay.png") as overlay:
        assert overlay.width / overlay.height == pytest.approx(96 / 64, rel=0.01)
        assert overlay.width >= 900


def test_the_same_result_is_the_same_bytes(result):
    assert result.as_files() == result.select().as_files()


def test_what_is_saved_can_be_selected_anew(result, tmp_path):
    result.save(tmp_path / "wires")
    data = json.loads((tmp_path / "wires" / "proposals.json").read_text())
    again = Segmentation.from_coco(data, result.image, Selection(threshold=LEAST))
    assert again.as_files() == result.as_files()


def test_a_folder_with_other_things_is_left_alone(result, tmp_path):
    (tmp_path / "wires").mkdir()
    (tmp_path / "wires" / "thesis.tex").write_text("all of it")
    with pytest.raises(InputError, match="holds something else than a result"):
        result.save(tmp_path / "wires")
    assert [path.name for path in (tmp_path / "wires").iterdir()] == ["thesis.tex"]
