"""The bundled model and those of runs."""

import numpy as np
import pytest
from tiny_model import CATEGORIES, NMS, save_random_weights, tiny_settings, wires

from synthwire import segment
from synthwire.errors import InputError
from synthwire.io.files import write_json
from synthwire.segmentation.models import find_model, load_model


def trained(folder, architecture, min_size_px=(0,)):
    """Random weights in a run's folder of a model; the provenance beside them."""
    folder.mkdir(parents=True)
    save_random_weights(folder / "model_final.pth", tiny_settings())
    provenance = {
        "model": "07",
        "identity": {"plan": {"nms_threshold": NMS}},
        "identity_sha256": "0" * 64,
        "categories": CATEGORIES,
        "config": {
            "architecture": architecture,
            "training": {"min_size_px": list(min_size_px), "max_size_px": 1333},
        },
    }
    write_json(folder / "provenance.json", provenance)
    return provenance


def test_the_model_of_a_run_is_loaded_by_its_folder(tmp_path):
    folder = tmp_path / "results" / "mine" / "models" / "07"
    provenance = trained(folder, tiny_settings()["architecture"])
    model = load_model(folder, device="cpu")
    assert model.name == "mine 07"
    assert segment(wires(), model=model).results
    save_random_weights(folder / "model_final.pth", tiny_settings(), seed=4)
    assert find_model(folder)[1]["sha256"] != model.card["sha256"]  # other weights, another model
    write_json(folder / "provenance.json", [provenance])
    with pytest.raises(InputError, match="no provenance of a training"):
        load_model(folder)
    del provenance["categories"]
    write_json(folder / "provenance.json", provenance)
    with pytest.raises(InputError, match="the field 'categories' is missing"):
        load_model(folder)


def test_a_model_whose_widths_were_measured_looks_at_several_sizes_without_a_resize(tmp_path):
    folder = tmp_path / "results" / "mine" / "models" / "07"
    provenance = trained(folder, tiny_settings()["architecture"], [640, 800])
    before = load_model(folder, device="cpu").card
    assert before["prediction"]["min_size_px"] == 800
    learnt = {"particle_width_px": 12.0, "particle_width_log_sd": 0.6}
    write_json(folder / "provenance.json", {**provenance, "learnt": learnt})
    model = load_model(folder, device="cpu")
    assert model.card["prediction"]["min_size_px"] == 0
    assert model.card["sha256"] != before["sha256"]  # its results are others
    image = np.tile(wires(), (4, 4))
    looks = segment(image, model=model).info["looks"]
    assert len(looks) >= 2
    assert looks == [looks[0] / 2**number for number in range(len(looks))]


def test_a_model_of_an_older_version_has_todays_defaults(tmp_path):
    config = tiny_settings()
    folder = tmp_path / "results" / "old" / "models" / "07"
    younger = ("mask_head", "anchor_aspect_ratios")
    architecture = {
        name: value for name, value in config["architecture"].items() if name not in younger
    }
    trained(folder, architecture)
    model = load_model(folder, device="cpu")
    assert model.card["architecture"] == config["architecture"]
    assert segment(wires(), model=model).results
