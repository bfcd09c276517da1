"""Measuring a network on validation images while it is trained."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from synthwire.datasets.annotated_images import locate_images, read_scenes
from synthwire.io.coco import annotations_by_image, read_coco
from synthwire.io.files import atomic_path
from synthwire.learning.network import device_name
from synthwire.learning.predict import load, predict


class ValidationImages(NamedTuple):
    """COCO's AP on some validation images; called with a network, as trainer.Validate does."""

    truth: dict  # COCO data set
    located: dict[int, Path]  # image id → path
    architecture: Mapping
    prediction: Mapping
    nms_threshold: float
    device: str
    folder: Path  # for the weights on their way from the training to the prediction

    def __call__(self, network: torch.nn.Module) -> dict[str, float]:
        """{validation/ap_bbox, validation/ap_segm} in percent."""
        with atomic_path(self.folder / "validation.pth") as weights:
            torch.save({"model": network.state_dict()}, weights)
            predictor = load(
                weights,
                self.architecture,
                self.prediction,
                nms_threshold=self.nms_threshold,
                classes=len(self.truth["categories"]),
                device=self.device,
                precision="float32",
            )
        (self.folder / "validation.pth").unlink()
        results = predict(predictor, read_scenes(self.truth, self.located))
        return {
            f"validation/ap_{kind}": average_precision(self.truth, results, kind)
            for kind in ("bbox", "segm")
        }


def first_images(path: str | os.PathLike, count: int) -> dict:
    """A data set/val.json with its first `count` images only; they were drawn at random."""
    data = read_coco(path)
    grouped = annotations_by_image(data)
    images = data["images"][:count]
    annotations = [item for image in images for item in grouped[image["id"]]]
    return {**data, "images": images, "annotations": annotations}


def validation_of(
    path: str | os.PathLike | None,
    shards: list[Path],
    training: Mapping,
    architecture: Mapping,
    prediction: Mapping,
    *,
    nms_threshold: float,
    folder: Path,
) -> ValidationImages | None:
    """The measurement that config["training"] asks for.

    path: the data set/val.json, None to measure nothing; shards: the image folders it refers to.
    """
    if not path:
        return None
    truth = first_images(path, training["validation_images"])
    return ValidationImages(
        truth,
        locate_images(truth, shards),
        architecture,
        prediction,
        nms_threshold,
        device_name(training["device"]),
        folder,
    )


def average_precision(truth: dict, results: list[dict], kind: str) -> float:
    """COCO's AP in percent over IoU 0.5–0.95, at most 100 detections an image; NaN if undefined.

    kind: bbox or segm.
    """
    if not results:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO()
        reference.dataset = truth
        reference.createIndex()
        evaluation = COCOeval(reference, reference.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # all areas, most detections
    return 100 * float(np.mean(precision[precision > -1])) if (precision > -1).any() else np.nan
