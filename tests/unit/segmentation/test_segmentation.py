"""One image in, its particles out."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask
from test_stxm_files import write_nexus
from tiny_model import CATEGORIES, NMS, save_random_weights, tiny_settings, wires

from synthwire import segment
from synthwire.errors import InputError
from synthwire.io.files import MemoryFile, write_json
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.io.outlines import read_outlines
from synthwire.io.stacks import write_stack
from synthwire.segmentation import MODALITIES, Preparation, Selection
from synthwire.segmentation.apply import scale_for
from synthwire.segmentation.images import GreyImage, read_images
from synthwire.segmentation.models import Model, _cached_model, load_model
from synthwire.segmentation.options import parse_area, parse_pixel_size
from synthwire.segmentation.result import (
    COMPARISON_FILES,
    FILES,
    PARTICLE_COLUMNS,
    Segmentation,
    comparison_files,
)

SIZE_NM = (6.0, 8.0)
LEAST = 0.13  # of the scores of a network that has learnt nothing


@pytest.fixture(scope="module")
def model(tiny_weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHWIRE_WEIGHTS", str(tiny_weights))
        return load_model(device="cpu")


@pytest.fixture(scope="module")
def result(model):
    return segment(wires(), model=model, pixel_size_nm=SIZE_NM, threshold=LEAST)


def rectangles(*corners, scores=None):
    """A segmentation whose masks are rectangles (top, left, bottom, right), without a network."""
    results = []
    for number, (top, left, bottom, right) in enumerate(corners):
        mask = np.zeros((60, 80), dtype=bool)
        mask[top:bottom, left:right] = True
        score = scores[number] if scores else 0.9 - 0.1 * number
        results.append(
            {
                "image_id": 1,
                "category_id": 1,
                "bbox": [left, top, right - left, bottom - top],
                "score": score,
                "segmentation": encode_mask(mask),
            }
        )
    image = wires(0, 60, 80)
    return Segmentation(image, results, None, "a.png", None, 1.0, CATEGORIES, {"model": "none"})


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("6nm", (6, 6)),
        ("0.006um", (6, 6)),
        ("0.006 µm", (6, 6)),
        ("6.6x7.8nm", (6.6, 7.8)),
        ("6.6 × 7.8 nm", (6.6, 7.8)),
        ("1e-3um", (1, 1)),
        (".5nm", (0.5, 0.5)),
        ("2Å", (0.2, 0.2)),
    ],
)
def test_pixel_sizes_as_people_write_them(text, size):
    assert parse_pixel_size(text) == pytest.approx(size)


@settings(deadline=None)
@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), st.sampled_from(["nm", "um", "pm"]))
def test_any_pixel_size_is_read_back(down, across, unit):
    factor = {"nm": 1, "um": 1e3, "pm": 1e-3}[unit]
    read = parse_pixel_size(f"{down!r}x{across!r}{unit}")
    assert read == pytest.approx((down * factor, across * factor), abs=1e-8)


@pytest.mark.parametrize("text", ["6", "nm", "0nm", "-6nm", "6x7", "6 furlong", "1e999nm", "", "x"])
def test_other_pixel_sizes_are_refused_with_an_example(text):
    with pytest.raises(InputError, match=r"as 6nm, 0\.006um, or 6\.6x7\.8nm"):
        parse_pixel_size(text)


def test_areas():
    assert parse_area("50px") == {"min_area_px": 50}
    assert parse_area("4e3 nm2") == {"min_area_nm2": 4000}
    with pytest.raises(InputError, match="as 50px or 4000nm2"):
        parse_area("50")


# -- reading --------------------------------------------------------------------------------------


def test_tem_is_inverted_and_transmission_becomes_optical_density():
    grey = wires().astype(float)
    (bright,) = read_images(grey, Preparation("od"))
    (dark,) = read_images(255 - grey, Preparation("tem"))
    assert abs(dark.pixels.astype(int) - bright.pixels).max() <= 1  # halves are rounded to even
    counts = 1e4 * np.exp(-grey / 50)
    region = {"region": [0, 0, 96, 64]}
    (density,) = read_images(counts, Preparation("transmission", incident=region))
    assert abs(density.pixels.astype(int) - bright.pixels).max() <= 1


def test_contrast_is_stretched_unless_it_is_to_stay():
    faint = (wires() // 4).astype(np.uint8)
    (stretched,) = read_images(faint, Preparation())
    (as_is,) = read_images(faint, Preparation(stretch=False))
    assert (np.percentile(stretched.pixels, [1, 99]) > np.percentile(faint, [1, 99])).any()
    assert stretched.pixels.max() == 255
    assert (as_is.pixels == faint).all()


def test_colour_images_become_one_channel():
    grey = wires()
    (plain,) = read_images(grey, Preparation("transmission"))
    (colour,) = read_images(np.dstack([grey] * 3), Preparation("transmission"))
    assert (plain.pixels == colour.pixels).all()


def test_a_scan_over_energies_is_one_image_and_a_stack_is_many(tmp_path):
    path = tmp_path / "scan.nxs"
    write_nexus(path)
    (mean,) = read_images(path, Preparation("transmission"))
    (single,) = read_images(path, Preparation("transmission", energy_ev=527.0))
    assert mean.page is None
    assert (mean.pixels != single.pixels).any()
    write_stack(tmp_path / "stack.tif", [wires(0), wires(1)], pixel_size_nm=SIZE_NM)
    pages = read_images(tmp_path / "stack.tif", Preparation())
    assert [(page.page, page.pixel_size_nm) for page in pages] == [(0, SIZE_NM), (1, SIZE_NM)]
    with pytest.raises(InputError, match=r"stack\.tif: the file names no photon energies"):
        read_images(tmp_path / "stack.tif", Preparation(energy_ev=527.0))


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_image_without_contrast_is_one_line(modality):
    with pytest.raises(InputError, match="every pixel has the same value, [07]; no image"):
        read_images(np.full((20, 20), 7, np.uint8), Preparation(modality))


def test_an_unknown_modality_names_the_known_ones():
    with pytest.raises(InputError, match="'xray' is none of od, transmission, sem, tem"):
        segment(wires(), modality="xray")


# -- segmenting -----------------------------------------------------------------------------------


def test_the_table_has_a_row_a_particle_and_the_masks_go_with_it(result):
    table = result.particles
    assert list(table) == list(PARTICLE_COLUMNS)
    assert len(table) == len(result.masks) == len(result.ids) > 3
    assert result.masks.shape[1:] == result.image.shape == (64, 96)
    assert result.masks.dtype == bool
    assert (table["area_px"] == result.masks.sum(axis=(1, 2))).all()
    assert (table["score"] >= LEAST).all()
    assert (table["score"].diff().dropna() <= 0).all()
    side = np.sqrt(48)
    assert np.allclose(table["length_nm"], table["length_px"] * side)
    assert np.allclose(table["area_nm2"], table["area_px"] * 48)


def test_array_file_and_upload_give_the_same(result, model, tmp_path):
    path = tmp_path / "wires.tif"
    write_stack(path, [wires()], pixel_size_nm=SIZE_NM)
    for source in (path, str(path), MemoryFile("wires.tif", path.read_bytes())):
        again = segment(source, model=model, threshold=LEAST)
        pd.testing.assert_frame_equal(again.particles, result.particles)
        assert again.name == "wires.tif"


def test_without_a_pixel_size_lengths_are_in_pixels_alone(model):
    table = segment(wires(), model=model, threshold=LEAST).particles
    assert len(table)
    assert table["length_px"].notna().all()
    assert table[["length_nm", "area_nm2"]].isna().all().all()


def test_a_page_of_a_stack_must_be_named(model, tmp_path):
    path = tmp_path / "stack.tif"
    write_stack(path, [wires(0), wires(1)])
    with pytest.raises(InputError, match="holds 2 images; say which by page=0"):
        segment(path, model=model)
    with pytest.raises(InputError, match="no page 2; it holds 2 from 0 on"):
        segment(path, model=model, page=2)
    chosen = segment(path, model=model, page=1)
    assert chosen.results == segment(wires(1), model=model).results
    assert chosen.record["page"] == 1


def test_the_network_may_see_an_image_enlarged(model):
    small = segment(wires(), model=model, scale=2.0)
    assert small.scale == 2
    assert all(item["segmentation"]["size"] == [64, 96] for item in small.results)
    with pytest.raises(InputError, match=r"scale 0\.0 is not above zero"):
        segment(wires(), model=model, scale=0.0)


def test_a_models_pixel_sizes_decide_the_scale(model):
    card = {**model.card, "pixel_nm_range": [5, 10]}
    known = Model("x", model.predictor, card)
    for size, scale in ((7, 1), (20, 2), (2.5, 0.5)):
        assert scale_for(known, GreyImage(wires(), (size, size), "a")) == pytest.approx(scale)


# -- selecting ------------------------------------------------------------------------------------


def test_a_selection_follows_its_rules():
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60), (22, 22, 30, 50), (50, 5, 55, 25))
    assert found.select(threshold=0.0, remove_nested=False).ids == (1, 2, 3, 4)
    assert found.select(threshold=0.0).ids == (1, 2, 4)  # the third lies within the second
    assert found.select(threshold=0.75).ids == (1, 2)
    assert found.select(threshold=0.0, exclude_border=True).ids == (2, 4)
    assert found.select(threshold=0.0, min_area_px=101).ids == (1, 2)
    assert found.select(threshold=0.75, removed_ids=[1], kept_ids=[4]).ids == (2, 4)
    assert found.ids == (1, 2)  # the default of 0.7, and nothing has changed it
    with pytest.raises(InputError, match="needs the pixel size"):
        _ = found.select(min_area_nm2=50.0).ids
    with pytest.raises(InputError, match="no particle 9; there are 4"):
        _ = found.select(removed_ids=[9]).ids
    with pytest.raises(InputError, match="threshold 1.5 is not between 0 and 1"):
        found.select(threshold=1.5)


def test_rules_that_are_not_named_stay():
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60)).select(threshold=0.0, removed_ids=[1])
    assert found.select(min_area_px=5).ids == found.ids == (2,)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_adds_a_particle(first, second):
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60), (22, 22, 30, 50), (50, 5, 55, 25))
    low, high = sorted((first, second))
    kept = [set(found.select(threshold=t, remove_nested=False).ids) for t in (low, high)]
    assert kept[1] <= kept[0]


def test_an_image_in_which_nothing_is_found_has_empty_files():
    empty = rectangles()
    assert empty.masks.shape == (0, 60, 80)
    files = empty.as_files()
    assert pd.read_csv(io.BytesIO(files["particles.csv"])).empty
    assert not tifffile.imread(io.BytesIO(files["labels.tif"])).any()


# -- files ----------------------------------------------------------------------------------------


def test_every_file_tells_the_same_particles(result, tmp_path):
    folder = result.save(tmp_path / "wires")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    table = pd.read_csv(folder / "particles.csv")
    pd.testing.assert_frame_equal(table, result.particles, rtol=1e-6, check_dtype=False)
    coco = json.loads((folder / "coco.json").read_text())
    assert len(coco["annotations"]) == len(result.results) > len(table)
    assert all(
        {"segmentation", "bbox", "area", "score"} <= item.keys() for item in coco["annotations"]
    )
    by_id = {item["id"]: item for item in coco["annotations"]}
    with tifffile.TiffFile(folder / "labels.tif") as tiff:
        labels = tiff.asarray().reshape(-1, 64, 96)
        assert tiff.shaped_metadata[0]["pixel_size_nm"] == list(SIZE_NM)
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
    data = json.loads((tmp_path / "wires" / "coco.json").read_text())
    again = Segmentation.from_coco(data, result.image, Selection(threshold=LEAST))
    assert again.as_files() == result.as_files()


def test_a_folder_with_other_things_is_left_alone(result, tmp_path):
    (tmp_path / "wires").mkdir()
    (tmp_path / "wires" / "thesis.tex").write_text("all of it")
    with pytest.raises(InputError, match="holds something else than a result"):
        result.save(tmp_path / "wires")
    assert [path.name for path in (tmp_path / "wires").iterdir()] == ["thesis.tex"]


def test_evaluation_against_its_own_masks_is_perfect():
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60), (50, 5, 55, 25), scores=[0.9, 0.8, 0.75])
    evaluation = found.evaluate(found.selected)
    assert evaluation["segm"]["ap"] == pytest.approx(100)
    assert evaluation["accuracy"] == 100
    worse = found.select(removed_ids=[2]).evaluate(found.selected)
    assert [worse["thresholds"][0][key] for key in ("tp", "fp", "fn")] == [2, 0, 1]
    files = comparison_files(found, found.selected)
    assert sorted(files) == sorted(COMPARISON_FILES)
    Image.open(io.BytesIO(files["comparison.png"])).verify()


def test_a_false_giant_of_low_score_costs_no_true_particle():
    found = rectangles((0, 0, 60, 80), (20, 20, 40, 60), scores=[0.1, 0.9])
    truth = rectangles((20, 20, 40, 60)).selected
    assert found.evaluate(truth)["segm"]["ap"] == pytest.approx(100)


# -- models ---------------------------------------------------------------------------------------


def test_the_model_of_a_run_is_loaded_by_its_folder(tmp_path):
    config = tiny_settings()
    folder = tmp_path / "results" / "mine" / "models" / "07"
    folder.mkdir(parents=True)
    save_random_weights(folder / "model_final.pth", config)
    provenance = {
        "model": "07",
        "identity": {"plan": {"nms_threshold": NMS}},
        "identity_sha256": "0" * 64,
        "categories": CATEGORIES,
        "config": {
            "architecture": config["architecture"],
            "training": {"min_size_px": [0], "max_size_px": 1333},
        },
    }
    write_json(folder / "provenance.json", provenance)
    model = load_model(folder, device="cpu")
    assert model.name == "mine 07"
    assert segment(wires(), model=model).results
    del provenance["categories"]
    write_json(folder / "provenance.json", provenance)
    with pytest.raises(InputError, match="the field 'categories' is missing"):
        load_model(folder)


def test_no_model_is_one_line(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no model; 'bundled' is expected, or a run's folder"):
        segment(wires(), model=tmp_path)
    _cached_model.cache_clear()  # another test's bundled model
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"bundled\.pth: no such file"):
        segment(wires())


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, synthwire; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_areas_agree_with_pycocotools(result):
    masks = [item["segmentation"] for item in result.selected]
    assert result.particles["area_px"].tolist() == [int(coco_mask.area(rle)) for rle in masks]
