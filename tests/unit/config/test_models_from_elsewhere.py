"""Weights that no run trains: to start from, and to evaluate."""

from __future__ import annotations

import pytest
import yaml

from synthwire.config import checks, models_table
from synthwire.errors import InputError
from synthwire.io.files import sha256, write_json
from synthwire.learning.weights import WEIGHTS_VARIABLE
from synthwire.schema import section_defaults

OWN = {"depth": 18, "norm": "BN", "freeze_at": 0, "fpn_channels": 48}


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A bundled model of the architecture OWN."""
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    weights = tmp_path / "bundled.pth"
    weights.write_bytes(b"weights")
    card = {"name": "tiny", "architecture": OWN, "prediction": {}, "nms_threshold": 0.6}
    write_json(tmp_path / "bundled.json", {**card, "categories": [], "sha256": sha256(weights)})
    return weights


@pytest.fixture
def resolve(root):
    config = yaml.safe_load((root / "config" / "test.yaml").read_text())

    def resolved(**sections):
        return checks.resolve({**config, **sections})

    return resolved


def test_the_bundled_weights_fit_their_own_architecture_only(shipped, resolve):
    training = {"initial_weights": "bundled"}
    assert resolve(architecture=OWN, training=training)["architecture"]["fpn_channels"] == 48
    with pytest.raises(
        InputError,
        match=r"bundled weights fit their own architecture only, whose fpn_channels is 48",
    ):
        resolve(architecture={**OWN, "fpn_channels": 64}, training=training)
    frozen = resolve(architecture={**OWN, "freeze_at": 2}, training=training)
    assert frozen["architecture"]["freeze_at"] == 2, "what stays as it was is the training's matter"
    shipped.unlink()
    with pytest.raises(InputError, match=r"bundled\.pth: no such file"):
        resolve(architecture=OWN, training=training)


def test_a_row_of_another_architecture_cannot_start_from_the_bundled_weights(
    shipped, resolve, root, tmp_path
):
    config = resolve(architecture=OWN, training={"initial_weights": "bundled"})
    lines = (root / "config" / "models.tsv").read_text().splitlines()[:2]
    table = tmp_path / "models.tsv"
    table.write_text(f"{lines[0]}\tarchitecture.mask_resolution_px\n{lines[1]}\t56\n")
    models = models_table.read_models(table)
    with pytest.raises(InputError, match=r"model 01: .*whose mask_resolution_px is 28, not 56"):
        checks.check_changes(config, models)


def test_the_overlay_of_the_shipped_model_fits_the_demo(root):
    demo, overlay = (
        yaml.safe_load((root / "config" / name).read_text())
        for name in ("demo.yaml", "shipped.yaml")
    )
    config = checks.resolve(models_table.with_changes(demo, overlay))
    assert list(config["models"]["evaluated"]) == ["shipped"]
    assert config["models"]["evaluated"]["shipped"]["architecture"]["depth"] == 18
    assert (config["name"], config["models_from"]) == ("shipped", "demo")


def test_models_from_elsewhere_are_described_in_the_config(shipped, resolve, root):
    models = {
        "select": ["01"],
        "evaluated": {
            "00": {"weights": str(shipped), "architecture": {"depth": 50}},
            "shipped": {"weights": "bundled"},
        },
    }
    config = resolve(models=models)
    entries = config["models"]["evaluated"]
    assert entries["00"]["nms"] == 0.7
    assert entries["shipped"]["nms"] == 0.6
    assert entries["shipped"]["architecture"] == section_defaults("architecture") | OWN
    table = models_table.read_models(root / "config" / "models.tsv", ["01"])
    checks.check_models(config, table)
    models["evaluated"]["01"] = {"weights": "bundled"}
    with pytest.raises(InputError, match=r"evaluated\.01: the model table has a row of this name"):
        checks.check_models(resolve(models=models), table)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"weights": "missing.pth"}, r"evaluated\.00\.weights: 'missing\.pth' is neither bundled"),
        ({"weights": "bundled", "architecture": {"dept": 50}}, r"evaluated\.00: .*did you mean"),
        ({}, r"models\.evaluated\.00\.weights: missing"),
    ],
)
def test_a_wrong_entry_is_named(shipped, resolve, entry, message):
    with pytest.raises(InputError, match=message):
        resolve(models={"select": ["01"], "evaluated": {"00": entry}})
