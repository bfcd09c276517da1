"""The texts that JEOL, Hitachi and TESCAN write beside an image."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from synthwire.io.calibration import is_sidecar, sidecar_calibration, sidecars_of
from synthwire.io.files import MemoryFile
from synthwire.io.recordings import read_recording
from synthwire.segmentation.images import read_images
from synthwire.segmentation.options import Preparation

SHAPE = (60, 80)
GREY = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
JEOL = (
    "$CM_FORMAT JEOL\r\n$CM_FULL_SIZE 80 60\r\n$CM_MAG 20000\r\n"
    "$$SM_MICRON_BAR 40\r\n$$SM_MICRON_MARKER {}\r\n"
)
HITACHI = "[SemImageFile]\r\nInstructName=SU8000\r\nDataSize=80x60\r\nPixelSize={}\r\n"
TESCAN = "[MAIN]\nDevice=MIRA3\nPixelSizeX=4.2e-09\nPixelSizeY=4.3e-09\n[SEM]\nHV=10000\n"


def image(folder, name="wires.tif"):
    path = folder / name
    if path.suffix.lower() in (".tif", ".tiff"):
        tifffile.imwrite(path, GREY, metadata=None)
    else:
        Image.fromarray(GREY).save(path)
    return path


@pytest.mark.parametrize(
    ("marker", "size"),
    [
        *(("1um", 25), ("100nm", 2.5), ("0.5\u00b5m", 12.5), ("1 mm", 25000), ("10UM", 250)),
        ("1\u0192\u00cam", 25),  # the Greek letter of Japanese Windows
    ],
)
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_jeol(tmp_path, marker, size, encoding):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text(JEOL.format(marker), encoding=encoding)
    found = read_recording(path)
    assert found.pixel_size_nm == pytest.approx((size, size))


def test_jeols_lines_may_end_on_a_carriage_return_alone(tmp_path):
    path = image(tmp_path)
    text = JEOL.format("1um").replace("\r\n", "\r")
    (tmp_path / "wires.txt").write_bytes(text.encode())
    assert read_recording(path).pixel_size_nm == (25, 25)


def test_tescans_section_in_any_case(tmp_path):
    path = image(tmp_path)
    (tmp_path / "wires-tif.hdr").write_text(TESCAN.replace("[MAIN]", "[Main]"))
    assert read_recording(path).pixel_size_nm == pytest.approx((4.3, 4.2))


@pytest.mark.parametrize("name", ["wires.bmp", "wires.jpg", "wires.png", "WIRES.TIF"])
def test_any_format_may_have_a_text_beside_it(tmp_path, name):
    path = image(tmp_path, name)
    path.with_suffix(".TXT" if name.isupper() else ".txt").write_text(JEOL.format("1um"))
    assert read_recording(path).pixel_size_nm == (25, 25)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_hitachi(tmp_path, encoding):
    path = image(tmp_path)
    content = HITACHI.format("9.921875").encode(encoding)
    (tmp_path / "wires.txt").write_bytes(content)
    assert read_recording(path).pixel_size_nm == (9.921875, 9.921875)


@pytest.mark.parametrize(
    ("value", "size"),
    [("9,5", 9.5), ("9,921", 9.921), ("9.5 nm", 9.5), ("0.5 um", 500), ("", None), ("0", None)],
)
def test_hitachis_numbers(tmp_path, value, size):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text(HITACHI.format(value))
    found = read_recording(path).pixel_size_nm
    assert found == (None if size is None else (size, size))


@pytest.mark.parametrize("name", ["wires-tif.hdr", "wires.hdr", "wires.tif.hdr", "wires-tif.HDR"])
def test_tescan(tmp_path, name):
    path = image(tmp_path)
    (tmp_path / name).write_text(TESCAN)
    assert read_recording(path).pixel_size_nm == pytest.approx((4.3, 4.2))
    assert sidecars_of(path) == [tmp_path / name]


def test_views_side_by_side_are_said(tmp_path):
    path = image(tmp_path)
    for views, said in ((1, 0), (2, 1)):
        text = TESCAN.replace("[SEM]", f"ViewFieldsCountX={views}\n[SEM]")
        (tmp_path / "wires-tif.hdr").write_text(text)
        remarks = read_recording(path).pixel_size_remarks
        assert sum("2 views" in remark for remark in remarks) == said


def test_a_text_of_another_width_is_doubted(tmp_path):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text(JEOL.format("1um").replace("80 60", "1280 960"))
    found = read_recording(path)
    assert found.pixel_size_nm == (25, 25)
    assert "1280 pixels wide, this one has 80" in found.pixel_size_doubt


def test_a_bar_below_the_picture_is_no_other_width(tmp_path):
    path = image(tmp_path)  # 60 rows, of which the text knows 56
    (tmp_path / "wires.txt").write_text(JEOL.format("1um").replace("80 60", "80 56"))
    assert read_recording(path).pixel_size_doubt is None


def test_a_magnification_alone_is_said_to_be_no_size(tmp_path):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text("$CM_FORMAT JEOL\n$CM_MAG 20000\n")
    found = read_recording(path)
    assert found.pixel_size_nm is None
    assert "magnification" in found.pixel_size_remarks[0]


def test_what_the_file_says_goes_before_the_text_beside_it(tmp_path):
    path = tmp_path / "wires.tif"
    tifffile.imwrite(path, GREY, metadata={"pixel_size_nm": 6})
    (tmp_path / "wires.txt").write_text(JEOL.format("1um"))
    assert read_recording(path).pixel_size_nm == (6, 6)
    tifffile.imwrite(path, GREY, metadata={"pixel_size_nm": 1000})  # a filler
    found = read_recording(path)
    assert found.pixel_size_nm == (25, 25) and found.pixel_size_doubt is None


def test_texts_of_other_kinds_are_nobodys(tmp_path):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text("taken by Ann, PixelSize=5, magnification 20000\n")
    (tmp_path / "wires.hdr").write_text("ENVI\nsamples = 80\nlines = 60\n")
    (tmp_path / "wires-tif.hdr").write_bytes(bytes(range(256)))
    (tmp_path / "wires.TXT").write_text(JEOL.format("1um") + "\n" * 2**21)  # too long for one
    assert sidecars_of(path) == []
    assert sidecar_calibration(path, SHAPE).size_nm is None
    assert not is_sidecar(tmp_path / "wires.txt") and not is_sidecar(path)
    (tmp_path / "folder.txt").mkdir()
    assert not is_sidecar(tmp_path / "folder.txt")


@pytest.mark.parametrize(
    "text",
    ["$CM_MAG\n", "$$SM_MICRON_BAR 0\n$$SM_MICRON_MARKER 1um\n", "[MAIN]\n", "[SemImageFile]\n"],
)
def test_damaged_texts_leave_the_image_without_a_size(tmp_path, text):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text(text)
    assert read_recording(path).pixel_size_nm is None


def test_beside_a_file_in_memory_lies_what_came_with_it(tmp_path):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text(JEOL.format("1um"))
    content = path.read_bytes()
    assert read_recording(MemoryFile("wires.tif", content)).pixel_size_nm is None
    others = MemoryFile("other.txt", JEOL.format("5um").encode())
    own = MemoryFile("wires-tif.hdr", TESCAN.encode("utf-16"))
    file = MemoryFile("wires.tif", content, (others, own))
    assert read_recording(file).pixel_size_nm == pytest.approx((4.3, 4.2))
    assert read_images(file, Preparation())[0].pixel_size_nm == pytest.approx((4.3, 4.2))
    damaged = MemoryFile("wires.txt", b"$$SM_MICRON_BAR \xff\n")
    assert read_recording(MemoryFile("wires.tif", content, (damaged,))).pixel_size_nm is None


def test_hitachis_magnification_is_of_a_print(tmp_path):
    path = image(tmp_path)
    (tmp_path / "wires.txt").write_text(
        "[SemImageFile]\nInstructName=S-4700\nDataSize=80x60\nMagnification=158750\n"
    )
    found = read_recording(path)
    assert found.pixel_size_nm == pytest.approx((10, 10))  # 127 mm / 158750 / 80
    assert "127 mm" in found.pixel_size_remarks[0]


def test_the_rows_that_tescans_text_says_are_no_picture(tmp_path):
    path = tmp_path / "wires.png"
    Image.fromarray(np.vstack([GREY, np.zeros((20, 80), np.uint8)])).save(path)
    (tmp_path / "wires-png.hdr").write_text(TESCAN.replace("[SEM]", "ImageStripSize=20\n[SEM]"))
    assert read_recording(path).window == (0, 0, 80, 60)
