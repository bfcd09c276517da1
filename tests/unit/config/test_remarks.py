"""Sentences for table captions: what is not as in the paper."""

from __future__ import annotations

import pytest
import yaml

from synthwire.config import checks, remarks
from synthwire.learning.weights import bundled


@pytest.fixture
def resolved(root):
    return lambda name: checks.resolve(yaml.safe_load((root / "config" / name).read_text()))


def test_the_papers_run_needs_no_remark(resolved):
    paper = resolved("config.yaml")
    assert remarks.remark_on_start(paper["training"]) == ""
    assert remarks.remark_on_prediction(paper["prediction"]) == ""


def test_the_demo_says_where_it_starts_and_what_that_has_seen(resolved):
    demo = resolved("demo.yaml")
    card = bundled().card
    text = remarks.remark_on_start(demo["training"])
    assert card["name"] in text
    assert f"{card['provenance']['training_images']} simulated images" in text
    looks = remarks.remark_on_prediction(demo["prediction"])
    for scale in demo["prediction"]["scales"]:
        assert f"{scale:g}" in looks
    assert "rate masks" in looks


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ("base", "this run's own training images"),
        ("scratch", "random numbers"),
        ("results/other/models/12/model_final.pth", "from the weights results/other/models/12"),
    ],
)
def test_every_other_start_is_named(choice, text):
    assert text in remarks.remark_on_start({"initial_weights": choice})


def test_looks_are_told_one_by_one(resolved):
    prediction = resolved("config.yaml")["prediction"]
    matched = {**prediction, "match_pixel_size": True}
    assert remarks.remark_on_prediction(matched) == (
        "Beyond the paper, images are shown at the pixel size of training."
    )
    assert remarks.remark_on_prediction({**prediction, "scales": [2, 1]}) == (
        "Beyond the paper, images are shown at 2 and 1 times their size."
    )
    assert "surer counts" in remarks.remark_on_prediction({**prediction, "mask_nms": "hard"})
