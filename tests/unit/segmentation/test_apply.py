"""One image in, its particles out."""

import numpy as np
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
from synthwire.segmentation.models import Model


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
    write_stack(path, [wires(0), np.full_like(wires(), 9), wires(1)])
    with pytest.raises(InputError, match="on page 1 every pixel has the same value"):
        segment(path, model=model, page=1)
    assert segment(path, model=model, page=2).record["page"] == 2


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


def drawn_wires(width: int, count: int) -> np.ndarray:
    """Dark upright wires of one width on a bright, slightly noisy ground, as TEM shows them."""
    rng = np.random.default_rng(8)
    picture = 200 + 7 * rng.standard_normal((384, 64 * count))
    for number in range(count):
        left, top = 64 * number + 24, int(rng.integers(60, 200))
        picture[top : top + 120, left : left + width] -= 110
    return picture.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [None, 8, 0.8, 0.1, 60, 1000])
def test_a_pixel_size_far_from_the_networks_own_spoils_nothing(size):
    """The bundled model: as many wires as there are, as wide as they are, and a word."""
    found = segment(drawn_wires(16, 6), modality="tem", pixel_size_nm=size)
    assert len(found.particles) == 6
    assert found.particles["width_px"].median() == pytest.approx(16, abs=2)
    lines = [line for line in found.doubts if "widths of what is found" in line]
    assert len(lines) == (size not in (None, 8))
    if size:
        assert found.particles["width_nm"].median() == pytest.approx(16 * size, rel=0.15)


def test_a_scale_by_hand_is_one_look_without_a_word():
    found = segment(drawn_wires(16, 6), modality="tem", pixel_size_nm=0.8, scale=1.0)
    assert found.scale == 1
    assert not any("widths of what is found" in line for line in found.doubts)


def test_no_model_is_one_line(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no model; 'bundled' is expected, or a run's folder"):
        segment(wires(), model=tmp_path)
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"bundled\.onnx\.zip: no such file"):
        segment(wires())
