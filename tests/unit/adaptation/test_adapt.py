"""A whole adaptation in small: a tiny model, a few steps, and the page in the end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from synthwire import cli
from synthwire.adaptation import adapt, evidence, run_config
from synthwire.adaptation import fit as search
from synthwire.adaptation.candidates import KINDS, Space
from synthwire.adaptation.evidence import Gain, judge
from synthwire.adaptation.fit import synthetic_field
from synthwire.errors import InputError
from synthwire.io.masks import encode_mask
from synthwire.segmentation.models import load_model
from synthwire.segmentation.options import Preparation
from synthwire.segmentation.result import CATEGORIES, Segmentation

pytestmark = pytest.mark.workflow


@pytest.fixture
def images(tmp_path):
    """Two images of a virtual microscope, and an empty folder to work in."""
    space = Space(KINDS["sem"], 112)
    specimen = space.near({"count_per_um2": 5, "aspect_ratio": 8}, np.full(space.size, 0.4))
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(2):
        pixels = synthetic_field(space, specimen, 128, 7, number)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def small(monkeypatch, tmp_path, tiny_bundled):
    """Everything as small as can be, in a folder of its own."""
    for module, names in (
        (search, {"POPULATION": 8, "KEPT": 3}),
        (run_config, {"FEWEST_STEPS": 10, "MOST_STEPS": 10, "VALIDATION_IMAGES": 6}),
        (run_config, {"FITTED_IMAGES": 1, "FITTED_SIDE": 1, "SIDE_PX": 96}),
        (evidence, {"COMPARED": 4, "SHOWN": 3}),
        (adapt, {"FIT_SHARE": 0.0, "LEAST_FIT_S": 3.0}),
    ):
        for name, value in names.items():
            monkeypatch.setattr(module, name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_images_to_a_model_a_page_and_a_verdict(images, small, capsys):
    arguments = ["adapt", str(images), "--name", "mine", "--modality", "sem", "--scale", "1"]
    folder = small / "results" / "mine"
    first = small / "results" / "mine_first"
    assert cli.main(arguments) == 0
    fitted = (folder / "adaptation.json").read_bytes()
    assert not (first / "evaluation").exists()
    out = capsys.readouterr().out
    stored = json.loads((folder / "evidence.json").read_text())
    assert stored["verdict"] in out
    assert [gain["images"] for gain in stored["gains"]] == list(run_config.SETS.values())
    page = (folder / "adaptation.html").read_text()
    assert stored["verdict"].split(":")[0].split("'")[-1] in page
    assert page.count("data:image/png;base64,") >= 2
    assert cli.main(["verify", "results/mine"]) == 0
    model = load_model(folder / "model", device="cpu")
    assert model.name == "mine adapted"
    assert "particle_width_px" in model.card

    # the images are known by their hashes alone, and are nowhere else
    hashes = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in images.iterdir())
    assert json.loads(fitted)["images"] == hashes
    assert str(images) not in (folder / "config.yaml").read_text() + fitted.decode()
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert (
        config["training"]["initial_weights"] == "results/mine_first/models/adapted/model_final.pth"
    )
    config = yaml.safe_load((first / "config.yaml").read_text())
    assert config["training"]["initial_weights"] == "bundled"

    weights = [path.stat().st_mtime_ns for path in small.rglob("model_final.pth")]
    assert cli.main(arguments) == 0  # nothing is made anew
    assert (folder / "adaptation.json").read_bytes() == fitted
    assert [path.stat().st_mtime_ns for path in small.rglob("model_final.pth")] == weights
    capsys.readouterr()

    other = images.parent / "others"
    other.mkdir()
    Image.open(images / "0.png").transpose(Image.Transpose.ROTATE_90).save(other / "0.png")
    arguments[1] = str(other)
    assert cli.main(arguments) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "synthwire: results/mine_first: an adaptation to other images, or with other settings, "
        "lies there; choose another --name, or remove the folder"
    )


def test_a_fit_alone_is_gone_on_with_in_one_round(images, small, capsys):
    arguments = ["adapt", str(images), "--name", "mine", "--modality", "sem", "--scale", "1"]
    assert cli.main([*arguments, "--fit-only"]) == 0
    assert "--configfile results/mine/config.yaml" in capsys.readouterr().out
    request = adapt.Request((), "mine", Preparation())
    assert adapt.rounds(request) == [request]
    assert [item.name for item in adapt.rounds(replace(request, name="other"))] == [
        "other_first",
        "other",
    ]
    assert len(adapt.rounds(replace(request, name="other", minutes=5))) == 1


def test_the_synthesis_follows_pixels_that_are_not_square():
    wires = np.zeros((2, 200, 200), bool)
    wires[0, 50:60, 20:180] = wires[1, 20:180, 50:70] = True  # 16 and 8 times as long as wide
    results = [
        {"image_id": 1, "category_id": 1, "bbox": [0.0] * 4, "score": 0.9, "segmentation": rle}
        for rle in map(encode_mask, wires)
    ]
    for size in ((4.0, 4.0), (2.0, 8.0), None):
        found = Segmentation(
            np.zeros((200, 200), np.uint8), results, size, "a", None, 1.0, CATEGORIES, {}
        )
        start = adapt.measured([adapt.in_pixels(found)], 1.0)
        assert start["aspect_ratio"] == pytest.approx(12)


def test_a_stored_fit_that_is_none_is_damaged(tmp_path):
    (tmp_path / "adaptation.json").write_text("[]")
    with pytest.raises(InputError, match="damaged; remove it, and the fit is made anew"):
        adapt._stored(tmp_path / "adaptation.json", "")


def test_bad_input_is_one_line_and_leaves_nothing(small, capsys):
    blank, few = small / "blank.png", small / "few.png"
    Image.fromarray(np.full((300, 300), 7, np.uint8)).save(blank)
    noise = np.random.default_rng(0).integers(100, 110, (300, 300)).astype(np.uint8)
    Image.fromarray(noise).save(few)
    for path, says in (
        (small / "nothing.png", "nothing.png: no such file or folder"),
        (blank, "every pixel has the same value"),
    ):
        assert cli.main(["adapt", str(path), "--name", "mine"]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len([line for line in lines if line.startswith("synthwire:")]) == 1
        assert says in lines[-1]
    assert not (small / "results").exists()


GOOD = Gain("held out", 60.0, 70.0, 5.0, 15.0)
NONE = Gain("held out", 60.0, 60.5, -3.0, 4.0)


@pytest.mark.parametrize(
    ("gain", "distances", "counts", "agreed", "begins"),
    [
        (GOOD, (6.0, 1.5), (50, 60), 45, "Use the new model"),
        (GOOD, (6.0, 4.5), (50, 60), 45, "Don't use"),
        (NONE, (6.0, 1.5), (50, 60), 45, "Keep the bundled"),
        (GOOD, (6.0, 1.5), (50, 60), 5, "Look before"),
        (GOOD, (6.0, 1.8), (50, 60), 45, "Look before"),
        (GOOD, (6.0, 1.5), (0, 60), 0, "Use the new model"),
    ],
)
def test_the_verdict_follows_from_what_was_measured(gain, distances, counts, agreed, begins):
    verdict, reasons = judge([gain], distances, counts, agreed)
    assert verdict.startswith(begins)
    assert f"{gain.difference:+.1f}" in reasons[0]
