"""A one-stage segmenter: YOLO11n-seg of ultralytics, from random weights."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"

import cv2
import numpy as np
import peer
from ultralytics import YOLO

MODEL = "yolo11n-seg.yaml"


def train(samples: list[peer.Sample], budget: peer.Budget, seed: int, folder: Path) -> peer.Facts:
    data = _write_data(samples, folder / "data")
    model = YOLO(MODEL)

    def keep_to_time(trainer: Any) -> None:
        """Its own mode for a limited time, on the processor's clock in place of the wall's."""
        done = trainer.epoch - trainer.start_epoch + 1
        trainer.epochs = trainer.args.epochs = max(
            done, math.floor(budget.seconds * done / budget.spent())
        )
        trainer._setup_scheduler()
        trainer.scheduler.last_epoch = trainer.epoch
        trainer.stop |= trainer.epoch + 1 >= trainer.epochs

    model.add_callback("on_fit_epoch_end", keep_to_time)
    model.train(
        data=str(data),
        epochs=1000,
        patience=0,
        imgsz=max(samples[0].pixels.shape),  # at its default, 640, it would learn for few epochs
        device="cpu",
        workers=0,
        seed=seed,
        amp=False,
        val=False,
        plots=False,
        verbose=False,
        max_det=peer.AT_MOST,
        project=str(folder.resolve()),
        name="run",
        exist_ok=True,
    )
    shutil.copy(folder / "run" / "weights" / "last.pt", folder / "model.pt")
    epochs = model.trainer.epoch + 1
    steps = epochs * len(model.trainer.train_loader)
    shutil.rmtree(folder / "data")
    shutil.rmtree(folder / "run")
    return {
        "steps": steps,
        "parameters": sum(it.numel() for it in model.model.parameters()),
    }


def load(folder: Path) -> peer.Segment:
    model = YOLO(folder / "model.pt")

    def segment(pixels: np.ndarray) -> list[peer.Found]:
        result = model.predict(
            np.repeat(pixels[..., None], 3, axis=2),
            imgsz=pixels.shape,
            conf=peer.LEAST_SCORE,
            max_det=peer.AT_MOST,
            retina_masks=True,
            verbose=False,
        )[0]
        if result.masks is None:
            return []
        masks = result.masks.data.numpy().astype(bool)
        return [
            peer.Found(mask, float(score))
            for mask, score in zip(masks, result.boxes.conf.numpy(), strict=True)
        ]

    return segment


def _write_data(samples: list[peer.Sample], folder: Path) -> Path:
    """Images and outlines as polygons, as its loader takes them."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for sample in samples:
        cv2.imwrite(str(folder / "images" / f"{sample.image_id}.png"), sample.pixels)
        height, width = sample.pixels.shape
        lines = []
        for mask in sample.masks:
            pieces, _ = cv2.findContours(
                mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            )
            points = max(pieces, key=cv2.contourArea)[:, 0]
            if len(points) >= 3:
                ends = (points + 0.5) / (width, height)
                lines.append("0 " + " ".join(f"{value:.5f}" for value in ends.ravel()))
        (folder / "labels" / f"{sample.image_id}.txt").write_text("\n".join(lines))
    data = folder / "data.yaml"
    where = str(folder.resolve() / "images")
    data.write_text(f"train: {where}\nval: {where}\nnames: {{0: nanowire}}\n")
    return data


if __name__ == "__main__":
    peer.main(train, load, package="ultralytics")
