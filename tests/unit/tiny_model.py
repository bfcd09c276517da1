"""A tiny network with random weights, in the form of the bundled model: quick, and never right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import yaml

from synthwire.config import checks
from synthwire.io.files import sha256
from synthwire.learning import network

from detectron2.modeling import build_model

ROOT = Path(__file__).resolve().parents[2]
NMS = 0.7
CATEGORIES = [{"id": 1, "name": "nanowire", "supercategory": "particle"}]


def tiny_settings() -> dict:
    """config/test.yaml, whose network it is, with a few detections of whatever score."""
    path = ROOT / "config" / "test.yaml"
    resolved = checks.resolve(yaml.safe_load(path.read_text()))
    resolved["prediction"] |= {"minimum_score": 0.05, "detections": 12, "min_size_px": 0}
    return resolved


def save_random_weights(path: Path, config: dict, seed: int = 3) -> None:
    """Random weights whose masks have a shape and whose scores differ."""
    torch.manual_seed(seed)
    model = build_model(
        network.prediction_config(
            config["architecture"],
            config["prediction"],
            nms_threshold=NMS,
            weights=Path(),
            device="cpu",
        )
    )
    torch.nn.init.normal_(model.roi_heads.mask_head.predictor.weight, std=2)
    torch.nn.init.normal_(model.roi_heads.box_predictor.cls_score.weight, std=0.5)
    torch.save({"model": model.state_dict()}, path)


def write_bundled(folder: Path, **more) -> Path:
    """bundled.pth and bundled.json in `folder`, which SYNTHWIRE_WEIGHTS may name."""
    folder.mkdir(parents=True, exist_ok=True)
    config = tiny_settings()
    save_random_weights(folder / "bundled.pth", config)
    card = {
        "name": "tiny",
        "architecture": config["architecture"],
        "prediction": config["prediction"],
        "nms_threshold": NMS,
        "categories": CATEGORIES,
        "sha256": sha256(folder / "bundled.pth"),
        **more,
    }
    (folder / "bundled.json").write_text(json.dumps(card))
    return folder


def wires(seed: int = 0, height: int = 64, width: int = 96) -> np.ndarray:
    """A grey image (height, width), uint8, of bright bars that cross on a dark, noisy ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    grey = rng.normal(20, 3, (height, width))
    for _ in range(6):
        angle, length, breadth = rng.uniform(0, np.pi), rng.uniform(15, 40), rng.uniform(3, 7)
        dy, dx = y - rng.uniform(0, height), x - rng.uniform(0, width)
        along = dx * np.cos(angle) + dy * np.sin(angle)
        across = dy * np.cos(angle) - dx * np.sin(angle)
        grey[(abs(along) < length / 2) & (abs(across) < breadth / 2)] += 80
    return np.clip(grey, 0, 255).astype(np.uint8)
