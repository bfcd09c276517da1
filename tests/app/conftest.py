"""A tiny model for the web app's tests: a real network whose weights nobody has trained."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from synthwire.io.files import sha256, write_json
from synthwire.io.recordings import read_image

ARCHITECTURE = {
    "depth": 18,
    "norm": "BN",
    "freeze_at": 0,
    "fpn_channels": 32,
    "anchor_sizes_px": [8, 16, 24, 32, 64],
    "proposals_train": 50,
    "proposals_test": 60,
    "rpn_batch": 32,
    "pooler_samples": 1,
    "box_head_features": 64,
    "mask_head_convolutions": 1,
    "mask_head_channels": 32,
    "pixel_mean": [60, 60, 60],
    "pixel_std": [60, 60, 60],
}


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory) -> Path:
    """Folder with bundled.pth and bundled.json of a network with random weights.

    Its last layers are set so that scores spread from 0 to 1 and masks fill their boxes; it finds
    dozens of "particles" in any image, in a fraction of a second.
    """
    from synthwire.learning import network
    from synthwire.schema import section_defaults
    from synthwire.segmentation.model_card import to_half_precision

    from detectron2.modeling import build_model

    architecture = {**section_defaults("architecture"), **ARCHITECTURE}
    prediction = {**section_defaults("prediction"), "min_size_px": 0, "detections": 100}
    folder = tmp_path_factory.mktemp("weights")
    cfg = network.prediction_config(
        architecture, prediction, nms_threshold=0.5, weights=folder, device="cpu"
    )
    torch.manual_seed(4)
    model = build_model(cfg)
    model.roi_heads.mask_head.predictor.bias.data.fill_(4.0)
    spread_scores(model)
    torch.save({"model": to_half_precision(model.state_dict())}, folder / "bundled.pth")
    card = {
        "name": "untrained",
        "architecture": architecture,
        "prediction": prediction,
        "nms_threshold": 0.5,
        "categories": [{"id": 1, "name": "nanowire"}],
        "pixel_nm_range": None,
        "sha256": sha256(folder / "bundled.pth"),
    }
    write_json(folder / "bundled.json", card)
    return folder


@torch.no_grad()
def spread_scores(model: torch.nn.Module) -> None:
    """Change the last layer so that the logits of one sample have mean 0 and deviation 2."""
    from synthwire.webapp import catalogue

    pixels = torch.as_tensor(read_image(catalogue.samples()[0].image()), dtype=torch.float32)
    layer = model.roi_heads.box_predictor.cls_score
    seen = []
    hook = layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output))
    model.eval()([{"image": pixels.expand(3, -1, -1)}])
    hook.remove()
    logits = seen[0][:, 0] - seen[0][:, 1]
    factor = 2 / logits.std()
    layer.weight.mul_(factor)
    layer.bias.copy_(torch.tensor([-factor * logits.mean(), 0.0]))
