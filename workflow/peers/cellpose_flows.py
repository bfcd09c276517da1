"""Cellpose 3.1, whose network follows flows to a particle's middle, from random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import peer
import torch
from cellpose import models
from cellpose import train as training

CHANNELS = [0, 0]  # grey


def train(samples: list[peer.Sample], budget: peer.Budget, seed: int, folder: Path) -> peer.Facts:
    pixels = [sample.pixels for sample in samples]
    labels = [peer.label_image(sample.masks) for sample in samples]

    def learn(epochs: int) -> tuple[Path, int, float]:
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (its augmentation draws from there)
        spent = peer.Budget(0)
        model = models.CellposeModel(gpu=False, pretrained_model=False)
        path, _, _ = training.train_seg(
            model.net,
            train_data=pixels,
            train_labels=labels,
            channels=CHANNELS,
            n_epochs=epochs,
            save_path=str(folder),
            model_name="model",
        )
        return path, sum(it.numel() for it in model.net.parameters()), spent.spent()

    # It plans its rates over the epochs, so these have to be known before: two short trials.
    _, _, one = learn(1)
    _, _, three = learn(3)
    epoch = (three - one) / 2
    epochs = max(1, int((budget.seconds - (one - epoch)) / epoch))
    path, parameters, spent = learn(epochs)
    Path(path).replace(folder / "model")
    return {
        "steps": epochs * -(-len(samples) // 8),
        "parameters": parameters,
        "processor_s": round(spent, 1),
    }


def load(folder: Path) -> peer.Segment:
    model = models.CellposeModel(gpu=False, pretrained_model=str(folder / "model"))

    def segment(pixels: np.ndarray) -> list[peer.Found]:
        labels, flows, _ = model.eval(pixels, channels=CHANNELS)
        inside = 1 / (1 + np.exp(-flows[2]))  # it has no score; its pixels' mean probability is one
        scores = [float(inside[labels == number + 1].mean()) for number in range(labels.max())]
        return peer.parts_of(labels, scores)

    return segment


if __name__ == "__main__":
    peer.main(train, load, package="cellpose")
