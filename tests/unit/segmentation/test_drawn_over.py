"""What is drawn over users' images: pixel sizes from scale bars, captions that are no particles."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_images import picture, with_data_bar, with_scale_bar
from hypothesis import given
from hypothesis import strategies as st

from synthwire.io.burnt_in.reader import NoReader
from synthwire.io.burnt_in.window import Window
from synthwire.io.files import MemoryFile
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io.recordings import Recording
from synthwire.io.recordings.picture import with_window
from synthwire.io.written_tiff import tiff_bytes
from synthwire.segmentation import burnt_in
from synthwire.segmentation.burnt_in import find_burnt_in
from synthwire.segmentation.images import read_images
from synthwire.segmentation.options import Preparation
from synthwire.segmentation.part import cut_by, placed_back, without_drawn

BAR_NM, BAR_PX = 500, 125
SIZE = BAR_NM / BAR_PX
PLAIN = picture(np.random.default_rng(5), "sem")
CAPTIONED = with_scale_bar(PLAIN, f"{BAR_NM} nm", BAR_PX, size=24, boxed=True).image


@pytest.fixture(scope="module")
def drawn():
    return find_burnt_in(Recording(CAPTIONED[None]))


def test_captions_are_masked_and_said(drawn):
    (mask,) = drawn.masks
    assert mask.any() and mask.mean() < 0.1
    assert "count as no particles" in drawn.remarks[0]
    plain = find_burnt_in(Recording(PLAIN[None]))
    assert plain.masks == () and plain.remarks == () and plain.pixel_size(None) == (None, ())


def test_each_page_has_its_own_captions():
    pages = np.stack([CAPTIONED, PLAIN])
    found = find_burnt_in(Recording(pages))
    assert found.masks[0].any() and found.masks[1] is None
    file = MemoryFile("a.tif", tiff_bytes(pages, {"axes": "QYX"}, None))
    images = read_images(file, Preparation("sem"))
    assert images[0].drawn.any() and images[1].drawn is None


def test_over_scans_and_masks_nothing_is_drawn():
    pages = np.stack([CAPTIONED] * 2)
    assert find_burnt_in(Recording(pages, energies_ev=(280.0, 290.0))).drawings == ()
    assert find_burnt_in(Recording(pages > 100)).masks == ()


def test_a_scale_bar_gives_the_pixel_size_that_nothing_else_gives(drawn):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    size, (said,) = drawn.pixel_size(None)
    assert size == pytest.approx((SIZE, SIZE), rel=0.02) and "from the scale bar" in said
    assert drawn.pixel_size((SIZE, SIZE)) == ((SIZE, SIZE), ())
    size, (said,) = drawn.pixel_size((9.0, 9.0))
    assert size == (9.0, 9.0) and "the file's is taken" in said
    (image,) = read_images(CAPTIONED, Preparation("sem"))
    assert image.pixel_size_nm == pytest.approx((SIZE, SIZE), rel=0.02)
    assert image.size_remarks[0] in image.remarks


def test_of_a_data_bar_the_scale_bar_is_read():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    barred = with_data_bar(PLAIN, np.random.default_rng(1), length=BAR_PX)
    recording = with_window(Recording(barred[None]))
    found = find_burnt_in(recording)
    assert recording.window is not None and found.masks == ()
    assert found.pixel_size(None)[0] == pytest.approx((SIZE, SIZE), rel=0.02)


def test_without_a_reader_it_is_said_what_brings_one(drawn, monkeypatch):
    def none(*_):
        raise NoReader

    monkeypatch.setattr(burnt_in, "read_scale_bar", none)
    size, (said,) = drawn.pixel_size(None)
    assert size is None and f"{BAR_PX} px" in said and "pip install" in said
    assert drawn.pixel_size((5.0, 5.0)) == ((5.0, 5.0), ())


# -- the part that is picture ----------------------------------------------------------------------


def results(*boxes: tuple[int, int, int, int], shape=(30, 40)) -> list[dict]:
    """COCO results of rectangles: x, y, width, height."""
    found = []
    for x, y, wide, high in boxes:
        mask = np.zeros(shape, bool)
        mask[y : y + high, x : x + wide] = True
        found.append({"bbox": [x, y, wide, high], "segmentation": encode_mask(mask), "score": 0.9})
    return found


@given(x=st.integers(0, 39), y=st.integers(0, 29), left=st.integers(0, 20), top=st.integers(0, 20))
def test_what_was_found_in_a_part_stands_where_it_is_in_the_whole(x, y, left, top):
    window = Window(left, top, left + 40, top + 30)
    (part,) = results((x, y, 3, 2))
    (whole,) = placed_back([part], window, (60, 70))
    mask = decode_mask(whole["segmentation"])
    assert mask.shape == (60, 70)
    np.testing.assert_array_equal(mask[window.rows_columns], decode_mask(part["segmentation"]))
    assert mask.sum() == decode_mask(part["segmentation"]).sum()
    assert whole["bbox"] == [x + left, y + top, 3, 2] and whole["score"] == 0.9
    assert placed_back([part], None, (30, 40)) == [part]


def test_a_caption_is_no_particle_but_a_wire_that_touches_it_is():
    drawn = np.zeros((30, 40), bool)
    drawn[20:, :20] = True
    letter, wire, beside = results((2, 22, 5, 5), (2, 10, 4, 18), (25, 2, 9, 3))
    assert without_drawn([letter, wire, beside], drawn) == [wire, beside]
    assert without_drawn([letter], None) == [letter]


def test_what_the_pictures_edge_cuts():
    boxes = np.array([[0, 5, 3, 3], [5, 5, 3, 3], [36, 5, 4, 3], [5, 27, 3, 3]])
    assert cut_by((0, 0, 40, 30), boxes).tolist() == [True, False, True, True]
    assert cut_by((5, 5, 40, 30), boxes).tolist() == [True, True, True, True]
    assert cut_by((0, 0, 40, 30), np.empty((0, 4))).shape == (0,)
