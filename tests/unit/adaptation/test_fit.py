"""The search for what explains fields, and the run that learns from what it found."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from synthwire.adaptation import fit as search
from synthwire.adaptation import run_config
from synthwire.adaptation.adapt import bundled_config
from synthwire.adaptation.candidates import KINDS, VOXEL_NM, Space
from synthwire.adaptation.fit import FAR, Fit, finds_in, fit, synthetic_field
from synthwire.adaptation.statistics import summarise
from synthwire.config import checks, models_table
from synthwire.learning.weights import bundled
from synthwire.segmentation.models import load_model

SIDE = 96


@pytest.fixture
def space():
    return Space(KINDS["tem"], 112)


@pytest.fixture
def truth(space):
    """A specimen and a microscope in the middle of what is searched, with few wires."""
    return space.near({"count_per_um2": 4, "aspect_ratio": 6}, np.full(space.size, 0.4))


def test_a_field_depends_on_the_candidate_and_the_seed_alone(space, truth):
    first, again = (synthetic_field(space, truth, SIDE, 3, 1) for _ in range(2))
    assert first.shape == (SIDE, SIDE)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, synthetic_field(space, truth, SIDE, 4, 1))


def test_a_search_comes_nearer_to_what_the_fields_show(space, truth, tiny_bundled, monkeypatch):
    monkeypatch.setattr(search, "POPULATION", 16)
    monkeypatch.setattr(search, "KEPT", 5)
    fields = [synthetic_field(space, truth, SIDE, 99, scene) for scene in range(8)]
    real = summarise(fields, finds_in(load_model(device="cpu"), fields))
    told = []
    found = fit(
        real,
        space,
        {"count_per_um2": 4},
        model="bundled",
        side=SIDE,
        seconds=6,
        processes=1,
        seed=1,
        progress=lambda share, distance: told.append((share, distance)),
    )
    assert found.distance < 0.8 * found.before < FAR
    assert found.distance == min(distance for _, distance in told) == found.history[-1]
    assert found.candidates.shape == (5, space.size)
    assert ((found.candidates >= 0) & (found.candidates <= 1)).all()
    assert found.weights.sum() == pytest.approx(1)
    assert (np.diff(found.weights) <= 0).all()  # the best first
    assert told[-1][0] >= 1


@pytest.fixture
def found(space):
    rng = np.random.default_rng(5)
    weights = np.array([0.6, 0.3999, 0.0001])
    return Fit(space, rng.random((3, space.size)), weights, 1.2, 4.5, (4.5, 1.2), 80)


def test_the_run_that_learns_from_a_fit_is_one_the_workflow_takes(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, card = bundled()
    config = run_config.run_configuration(
        "mine", found, card, bundled_config(), start="bundled", steps=200, seed=3
    )
    text = run_config.as_text(
        config, found, path="p", target="t", images="5 images", scale=0.5, pixel_nm=1.25
    )
    assert "pixel is 1.25 nm" in text
    assert "&id" not in text
    written = yaml.safe_load(text)
    assert written == config
    resolved = checks.resolve(written, "config.yaml")
    table = tmp_path / "models.tsv"
    table.write_text(run_config.model_table(200))
    checks.check_models(resolved, models_table.read_models([str(table)], None))
    assert checks.parts_of(resolved) == (200, run_config.VALIDATION_IMAGES)
    populations = {
        item["name"]: item["share"] for item in resolved["structures"]["populations"][:4]
    }
    bare = populations["bare ground"] / sum(populations.values())
    assert bare == pytest.approx(run_config.BARE_SHARE, abs=0.005)
    domains = [item["share"] for item in resolved["imaging"]["domains"]]
    assert sum(domains[3:]) / sum(domains) == pytest.approx(run_config.REHEARSED, abs=0.01)
    assert resolved["structures"]["voxel_size_nm"] == VOXEL_NM
    assert resolved["architecture"] == card["architecture"]
