"""What a person leaves out of an image by a mask: no particles, no area, no contrast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from segmentation_cases import LEAST, SIZE_NM, rectangles, write_images
from tiny_model import wires

from synthwire import segment
from synthwire.cli import main
from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, read_json
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.segmentation.batch import Batch, BatchOptions
from synthwire.segmentation.images import read_images
from synthwire.segmentation.left_out import cut_by_mask, outside, read_mask
from synthwire.segmentation.options import Preparation, Selection
from synthwire.segmentation.result import Segmentation
from synthwire.segmentation.watch import watch

SHAPE = wires().shape
MASK = np.zeros(SHAPE, dtype=bool)
MASK[:, :48] = True
BRIGHT = (MASK * 255).astype(np.uint8)


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "dirt.png"
    Image.fromarray(BRIGHT).save(path)
    return path


@pytest.mark.parametrize("form", [BRIGHT, MASK, MASK.astype(np.uint16), np.dstack([BRIGHT] * 3)])
def test_masks_in_any_form_are_what_viewers_show(tmp_path, form):
    np.testing.assert_array_equal(read_mask(form, SHAPE, "a.png"), MASK)
    tifffile.imwrite(tmp_path / "mask.tif", form, photometric="rgb" if form.ndim == 3 else 1)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.tif", SHAPE, "a.png"), MASK)


def test_a_mask_of_imagej_s_inverted_colours(tmp_path):
    tifffile.imwrite(tmp_path / "mask.tif", 255 - BRIGHT, photometric="miniswhite")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.tif", SHAPE, "a.png"), MASK)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (BRIGHT[:20], r"20 × 96 pixels, but a\.png, of which it is a mask, has 64 × 96$"),
        (BRIGHT.T, r"96 × 64 pixels, but a\.png"),
        (wires(), "values from .* a mask has 0 and one other"),
        (BRIGHT // 2 + 1, "2 values from 1 to 128"),
        (np.full(SHAPE, 255, np.uint8), "leaves nothing of a.png; 0 is what stays"),
    ],
)
def test_masks_of_no_use_are_one_line(tmp_path, pixels, says):
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=says) as error:
        read_mask(tmp_path / "mask.png", SHAPE, "a.png")
    assert str(error.value).startswith(f"{tmp_path / 'mask.png'}: ") and "\n" not in str(
        error.value
    )
    with pytest.raises(InputError, match="the mask: "):
        read_mask(pixels, SHAPE, "a.png")


def test_a_stack_is_no_mask(tmp_path):
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([BRIGHT] * 3), photometric="minisblack")
    with pytest.raises(InputError, match=r"stack\.tif: 3 pages; a mask of one"):
        read_mask(tmp_path / "stack.tif", SHAPE, "a.png")


def test_what_is_left_out_shapes_no_contrast_and_counts_as_no_area():
    grey = wires().astype(np.uint16) * 10
    grey[MASK] += 40_000  # dirt that would take all the contrast
    (plain,) = read_images(grey, Preparation())
    (left,) = read_images(grey, Preparation(leave_out=MASK))
    (right,) = read_images(grey[:, 48:], Preparation())
    assert plain.pixels[:, 48:].max() < 16 and plain.left_out is None
    np.testing.assert_array_equal(left.pixels[:, 48:], right.pixels)
    assert np.unique(left.pixels[MASK]).size == 1
    assert left.picture_px == (~MASK).sum()
    assert left.remarks == ()  # a person's own choice


def test_a_mask_that_leaves_little_is_questioned():
    (image,) = read_images(
        wires(), Preparation(leave_out=np.arange(96)[None] < np.full((64, 1), 70))
    )
    assert image.remarks == ("the mask leaves out 73% of the image; 0 is what stays",)


def test_pages_and_transmission_take_the_mask_too(tmp_path):
    pages = np.stack([wires(0), wires(1)]).astype(np.uint16) + 100
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    found = read_images(tmp_path / "stack.tif", Preparation("transmission", leave_out=MASK))
    assert [image.picture_px for image in found] == [(~MASK).sum()] * 2


def test_particles_are_clipped_dropped_and_counted_as_cut():
    found = rectangles((5, 5, 15, 25), (20, 30, 30, 60), (40, 60, 50, 75), (50, 50, 58, 58)).results
    mask = np.zeros((60, 80), dtype=bool)
    mask[:, :40] = True
    kept = outside(found, mask)
    assert [item["bbox"] for item in kept] == [[40, 20, 20, 10], [60, 40, 15, 10], [50, 50, 8, 8]]
    for item in kept:
        pixels = decode_mask(item["segmentation"])
        assert not (pixels & mask).any()
        assert pixels.sum() == item["bbox"][2] * item["bbox"][3]
    assert kept[1] is found[2] and outside(found, None) == found
    assert cut_by_mask(mask, kept).tolist() == [True, False, False]
    assert outside(found, np.ones((60, 80), dtype=bool)) == []


def test_a_wire_that_the_mask_cuts_touches_the_border(model):
    result = segment(wires(), model=model, pixel_size_nm=SIZE_NM, threshold=LEAST, leave_out=MASK)
    assert result.masks.any() and not result.masks[:, MASK].any()
    assert result.info["picture_px"] == (~MASK).sum()
    np.testing.assert_array_equal(decode_mask(result.info["left_out"]), MASK)
    near = result.masks[:, :, 48:50].any(axis=(1, 2))
    table = result.particles.set_index("id")
    assert (table["touches_border"][near]).all()
    again = Segmentation.from_coco(result.coco(everything=True), result.image, result.selection)
    pd.testing.assert_frame_equal(again.particles, result.particles)


@pytest.mark.usefixtures("tiny_bundled")
def test_one_mask_for_all_images_of_a_folder_and_itself_no_image(tmp_path, capsys):
    images = write_images(tmp_path / "in", "one.png", "two.png")
    Image.fromarray(BRIGHT).save(images / "dirt.png")
    Image.fromarray(wires()[:40]).save(images / "small.png")
    arguments = [str(images), "--out", str(tmp_path / "out"), "-t", str(LEAST), "-p", "6nm"]
    assert main(["segment", *arguments, "--leave-out", str(images / "dirt.png")]) == 1
    said = capsys.readouterr()
    assert "dirt.png: 64 × 96 pixels, but small.png, of which it is a mask, has 40 × 96" in said.err
    table = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("status")
    assert len(table) == 3
    done = table.loc["done"]
    area_um2 = (~MASK).sum() * 36e-6
    np.testing.assert_allclose(done["particles_per_um2"], done["particles"] / area_um2)
    data = read_json(tmp_path / "out" / "one" / "coco.json")
    assert data["info"]["left_out"] == encode_mask(MASK)
    assert main(["segment", *arguments, "--leave-out", str(tmp_path / "none.png")]) == 1
    assert "none.png: no such file or folder" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_bundled")
def test_a_folder_of_masks_named_as_the_images(tmp_path):
    images = write_images(tmp_path / "in", "one.png", "two.png")
    (tmp_path / "masks").mkdir()
    Image.fromarray(BRIGHT).save(tmp_path / "masks" / "one_mask.png")
    batch = Batch(
        BatchOptions(selection=Selection(LEAST), leave_out=tmp_path / "masks"), tmp_path / "out"
    )
    (one,) = batch.process(images / "one.png", images.relative_to(tmp_path) / "one")
    (two,) = batch.process(images / "two.png", images.relative_to(tmp_path) / "two")
    assert one.remarks == ()
    assert two.remarks == (f"{tmp_path / 'masks'}: no mask of it, so nothing is left out",)
    (again,) = batch.process(images / "one.png", images.relative_to(tmp_path) / "one")
    assert again.reused
    Image.fromarray(255 - BRIGHT).save(tmp_path / "masks" / "one_mask.png")
    (other,) = batch.process(images / "one.png", images.relative_to(tmp_path) / "one")
    assert not other.reused
    Image.fromarray(BRIGHT).save(tmp_path / "masks" / "one.tif")
    del batch.__dict__["_masks"]
    assert not batch.process(images / "one.png", images.relative_to(tmp_path) / "one")[0].reused


@pytest.mark.usefixtures("tiny_bundled")
def test_a_watched_folder_may_hold_the_mask(tmp_path):
    images = write_images(tmp_path / "in", "one.png")
    Image.fromarray(BRIGHT).save(images / "dirt.png")
    batch = Batch(
        BatchOptions(selection=Selection(LEAST), leave_out=images / "dirt.png"), tmp_path / "out"
    )
    looks = iter([True, True, False])
    record = watch(images, batch, settle_s=0, interval_s=0, say=str, going_on=lambda: next(looks))
    assert [row["image"] for row in record.rows] == [str(images / "one.png")]


def test_a_mask_in_memory(mask):
    file = MemoryFile("dirt.png", mask.read_bytes())
    np.testing.assert_array_equal(read_mask(file, SHAPE, "a.png"), MASK)
