"""A row of the paper's network starts from a file laid out as those of the model zoo."""

from __future__ import annotations

import hashlib
import json
import pickle

import numpy as np
import pytest
import torch
import yaml

from synthwire.config import checks
from synthwire.learning import network, plan, train, weight_files
from synthwire.learning.weight_files import read_weights

from detectron2.modeling import build_model

COCO_CLASSES = 80
# The paper's R50-FPN with fewer channels: the names of all parameters are the zoo's.
SMALLER = {"fpn_channels": 32, "box_head_features": 64, "mask_head_channels": 32}


@pytest.fixture
def architecture(root):
    paper = checks.resolve(yaml.safe_load((root / "config" / "config.yaml").read_text()))
    assert (paper["architecture"]["norm"], paper["architecture"]["freeze_at"]) == ("FrozenBN", 2)
    return {**paper["architecture"], **SMALLER, "proposals_train": 50, "rpn_batch": 32}


@pytest.fixture
def zoo_file(architecture, tmp_path, monkeypatch):
    """Random numbers of an 80-class network: NumPy arrays by name, and who wrote them."""
    torch.manual_seed(3)
    cfg = network.architecture_config(architecture, COCO_CLASSES)
    cfg.MODEL.DEVICE = "cpu"
    state = {name: value.numpy() for name, value in build_model(cfg).state_dict().items()}
    path = tmp_path / "model_final_f10217.pkl"
    content = {"model": state, "__author__": "Detectron2 Model Zoo"}
    path.write_bytes(pickle.dumps(content, protocol=2))
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:6]
    monkeypatch.setattr(weight_files, "COCO_WEIGHTS_URL", f"https://zoo/model_{digits}.pkl")
    return path


def test_all_but_what_counts_classes_is_taken_over(architecture, zoo_file, config, data, tmp_path):
    still = plan.Plan(1, 1e-12, 16, 0.6, 0.7, 1, "constant")  # a rate at which nothing moves
    train.train(
        "12",
        architecture,
        {**config["training"], "images_per_batch": 2, "images_per_process": 1},
        still,
        dataset=data / "train.json",
        shards=[data / "images"],
        weights=zoo_file,
        seed=1,
        checkpoints=tmp_path / "checkpoints",
        output=tmp_path / "model",
    )
    start = read_weights(zoo_file)["model"]
    trained = read_weights(tmp_path / "model" / "model_final.pth")["model"]
    fresh = {name for name in trained if tuple(trained[name].shape) != np.shape(start[name])}
    assert set(trained) == set(start)
    assert fresh == {
        f"roi_heads.{layer}.{kind}"
        for layer in ("box_predictor.cls_score", "box_predictor.bbox_pred", "mask_head.predictor")
        for kind in ("weight", "bias")
    }
    for name in set(trained) - fresh:
        np.testing.assert_allclose(trained[name], start[name], rtol=1e-5, atol=1e-8, err_msg=name)
    curve = (tmp_path / "model" / "metrics.json").read_text().splitlines()
    assert np.isfinite(json.loads(curve[-1])["total_loss"])
    provenance = json.loads((tmp_path / "model" / "provenance.json").read_text())
    assert provenance["initial_weights"] == zoo_file.name
    assert provenance["gradient_parts"] == 2
