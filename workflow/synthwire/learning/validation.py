"""Measuring a network on validation images while it is trained."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from synthwire.datasets.annotated_images import AnnotatedImage, read_synthetic
from synthwire.evaluation.average_precision import coco_metrics
from synthwire.evaluation.case import KINDS, check_inputs, make_case
from synthwire.evaluation.matching import match_by_area
from synthwire.io.coco import annotations_by_image, read_coco
from synthwire.learning.network import device_name
from synthwire.learning.predict import load, predict
from synthwire.learning.weight_files import write_weights
from synthwire.schema import section_defaults

MOST_DETECTIONS = 100  # of an image, that count; COCO's


class ValidationAP(NamedTuple):
    """COCO's AP on some validation images; called with a network, as a `hooks.Validation` is."""

    truth: dict  # COCO data set
    images: list[AnnotatedImage]
    architecture: Mapping
    prediction: Mapping
    nms_threshold: float
    device: str
    folder: Path  # for the weights on their way from the training to the prediction

    @classmethod
    def from_config(
        cls,
        path: str | os.PathLike,
        shards: list[Path],
        training: Mapping,
        architecture: Mapping,
        prediction: Mapping,
        *,
        nms_threshold: float,
        folder: Path,
    ) -> ValidationAP:
        """The measurement that config["training"] asks for.

        path: the data set's val.json; shards: the image folders it refers to.
        """
        truth = first_images(path, training["validation_images"])
        return cls(
            truth,
            read_synthetic(truth, shards),
            architecture,
            prediction,
            nms_threshold,
            device_name(training["device"]),
            folder,
        )

    def __call__(self, network: torch.nn.Module) -> dict[str, float]:
        """{validation/ap_bbox, validation/ap_segm} in percent."""
        weights = self.folder / "validation.pth"
        write_weights(weights, {"model": network.state_dict()})
        predictor = load(
            weights,
            self.architecture,
            self.prediction,
            nms_threshold=self.nms_threshold,
            classes=len(self.truth["categories"]),
            device=self.device,
            precision="float32",
        )
        weights.unlink()
        pixels = ((image.image_id, image.pixels) for image in self.images)
        results = predict(predictor, pixels)
        return {
            f"validation/ap_{kind}": average_precision(self.truth, results, kind) for kind in KINDS
        }


def first_images(path: str | os.PathLike, count: int) -> dict:
    """A data set's val.json with its first `count` images only; they were drawn at random."""
    data = read_coco(path)
    grouped = annotations_by_image(data)
    images = data["images"][:count]
    annotations = [item for image in images for item in grouped[image["id"]]]
    return {**data, "images": images, "annotations": annotations}


def average_precision(truth: dict, results: list[dict], kind: str) -> float:
    """COCO's AP in percent over IoU 0.5–0.95, at most 100 detections an image; NaN if undefined.

    kind: bbox or segm.
    """
    if not results:
        return 0.0
    settings = section_defaults("evaluation")
    case = make_case(*check_inputs(truth, results), settings)
    matching = match_by_area(case, kind, settings["area_limits_px"])
    once = np.ones((1, case.units.number))
    return float(coco_metrics(matching, once, limit=MOST_DETECTIONS)["ap"][0])
