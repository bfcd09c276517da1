"""Outlines as Fiji ROIs."""

import zipfile

import numpy as np
import pytest
from outline_cases import SHAPE, SQUARE, coco, masks, masks_of, needs_roifile, read, square

from synthwire.errors import InputError
from synthwire.io.outlines import read_outlines, write_fiji_rois


@needs_roifile
def test_fiji_round_trip_is_exact_and_same_bytes(tmp_path):
    data = coco(masks())
    write_fiji_rois(tmp_path / "a.zip", data)
    write_fiji_rois(tmp_path / "b.zip", data)
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
    write_fiji_rois(tmp_path / "a.zip", data)
    found = read_outlines(tmp_path / "a.zip", ["a.tif"] * 2, SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 2]
    found = read(tmp_path / "a.zip")  # of the first slice alone
    assert [item["image_id"] for item in found.annotations] == [1]
    assert any("lies on slice 2 of 1; left out" in remark for remark in found.remarks)
    roifile = pytest.importorskip("roifile")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for number, (z, t) in enumerate(((1, 2), (2, 1))):
            roi = roifile.ImagejRoi.frompoints(SQUARE)
            roi.z_position, roi.t_position = z, t
            archive.writestr(f"{number}.roi", roi.tobytes())
    with pytest.raises(InputError, match="ROIs on several slices and frames; which of 4 pages"):
        read_outlines(tmp_path / "c.zip", ["a.tif"] * 4, SHAPE)
    write_fiji_rois(tmp_path / "b.zip", coco(masks()[:2]))
    found = read_outlines(tmp_path / "b.zip", ["a.tif"] * 2, SHAPE)
    assert [item["image_id"] for item in found.annotations] == [1, 1]
    assert "2 ROIs: name no slice" in found.remarks[0]


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


@needs_roifile
def test_damaged_fiji_files_are_one_line(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match=r"a\.zip: no Fiji ROI file"):
        read(tmp_path / "a.zip")
    (tmp_path / "a.roi").write_bytes(b"Iout\x00\xe3")
    with pytest.raises(InputError, match=r"a\.roi: no Fiji ROI file"):
        read(tmp_path / "a.roi")
