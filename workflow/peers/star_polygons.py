"""StarDist 0.9, which describes a particle by its distances to the border, from random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import peer
from csbdeep.utils import normalize
from stardist.models import Config2D, StarDist2D
from tf_keras.callbacks import Callback

PERCENTILES = (1, 99.8)  # of grey values, as its examples normalise images
VALIDATION = 0.15


class KeepToTime(Callback):
    def __init__(self, budget: peer.Budget) -> None:
        super().__init__()
        self.budget = budget
        self.steps = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        self.model.stop_training = self.budget.over()


def train(samples: list[peer.Sample], budget: peer.Budget, seed: int, folder: Path) -> peer.Facts:
    pixels = [normalize(sample.pixels, *PERCENTILES) for sample in samples]
    labels = [peer.label_image(sample.masks) for sample in samples]
    side = min(256, *pixels[0].shape) // 16 * 16
    settings = Config2D(train_patch_size=(side, side), train_tensorboard=False)
    model = StarDist2D(settings, name="model", basedir=str(folder))
    model.prepare_for_training()
    clock = KeepToTime(budget)
    model.callbacks.append(clock)
    kept = max(1, round(len(samples) * VALIDATION))
    model.train(
        pixels[kept:],
        labels[kept:],
        validation_data=(pixels[:kept], labels[:kept]),
        seed=seed,
        epochs=10_000,
    )
    model.optimize_thresholds(pixels[:kept], labels[:kept])
    return {"steps": clock.steps, "parameters": model.keras_model.count_params()}


def load(folder: Path) -> peer.Segment:
    model = StarDist2D(None, name="model", basedir=str(folder))

    def segment(pixels: np.ndarray) -> list[peer.Found]:
        labels, details = model.predict_instances(normalize(pixels, *PERCENTILES))
        return peer.parts_of(labels, details["prob"])

    return segment


if __name__ == "__main__":
    peer.main(train, load, package="stardist")
