"""One image in, its particles out."""

import pandas as pd
import pytest
from segmentation_cases import LEAST, SIZE_NM
from tiny_model import wires

from synthwire import segment
from synthwire.errors import InputError
from synthwire.io.files import MemoryFile
from synthwire.io.stacks import write_stack
from synthwire.segmentation.apply import scale_for
from synthwire.segmentation.images import GreyImage
from synthwire.segmentation.models import Model, load_model_once


def test_an_unknown_modality_names_the_known_ones():
    with pytest.raises(InputError, match="'xray' is none of od, transmission, sem, tem"):
        segment(wires(), modality="xray")


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


def test_no_model_is_one_line(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no model; 'bundled' is expected, or a run's folder"):
        segment(wires(), model=tmp_path)
    load_model_once.cache_clear()  # another test's bundled model
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"bundled\.pth: no such file"):
        segment(wires())
