"""Cellpose 3.1, whose network follows flows to a particle's middle, from random weights."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import peer
import torch
from cellpose import models
from cellpose import train as training

CHANNELS = [0, 0]  # grey
# Its defaults, 8 images a step and all of them in an epoch, of which the first ten warm up, would
# take hours to begin with. Its rate stays the same for 99 epochs, and it may end at any of them.
IMAGES_A_STEP = 2
STEPS_AN_EPOCH = 5
MOST_EPOCHS = 99


class OutOfTime(Exception):
    pass


def train(samples: list[peer.Sample], budget: peer.Budget, seed: int, folder: Path) -> peer.Facts:
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (its augmentation draws from there)
    model = models.CellposeModel(gpu=False, pretrained_model=False)
    steps = 0

    def keep_to_time(*_: Any) -> None:
        nonlocal steps
        if budget.over():
            raise OutOfTime
        steps += 1

    model.net.register_forward_pre_hook(keep_to_time)
    with suppress(OutOfTime):
        training.train_seg(
            model.net,
            train_data=[sample.pixels for sample in samples],
            train_labels=[peer.label_image(sample.masks) for sample in samples],
            channels=CHANNELS,
            batch_size=IMAGES_A_STEP,
            nimg_per_epoch=IMAGES_A_STEP * STEPS_AN_EPOCH,
            bsize=min(224, *samples[0].pixels.shape),
            n_epochs=MOST_EPOCHS,
            save_path=str(folder),
            model_name="model",
        )
    model.net.save_model(str(folder / "model"))
    shutil.rmtree(folder / "models", ignore_errors=True)
    return {"steps": steps, "parameters": sum(it.numel() for it in model.net.parameters())}


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
