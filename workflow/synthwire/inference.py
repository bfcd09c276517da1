"""Applying a trained model to images."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from synthwire import detectron  # noqa: F401  first: it makes detectron2 importable
from synthwire.annotations import encode_mask

from detectron2.checkpoint import DetectionCheckpointer  # isort: skip
from detectron2.data.transforms import ResizeShortestEdge  # isort: skip
from detectron2.modeling import build_model  # isort: skip


class Predictor:
    """A model with its weights, ready to segment 8-bit grey images.

    cfg: from `detectron.prediction_config`.
    """

    def __init__(self, cfg) -> None:
        self._model = build_model(cfg)
        DetectionCheckpointer(self._model).load(cfg.MODEL.WEIGHTS)
        self._model.eval()
        if cfg.MODEL.DEVICE == "cpu":
            self._model = self._model.to(memory_format=torch.channels_last)
        # a shortest edge of 0 means: no resize
        self._resize = (
            ResizeShortestEdge(cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)
            if cfg.INPUT.MIN_SIZE_TEST > 0
            else None
        )

    def __call__(self, image: np.ndarray, image_id: int, scale: float = 1.0) -> list[dict]:
        """COCO results of one grey image (height, width), uint8, best score first.

        scale: the network sees the image so many times enlarged (before the config's own resize);
        boxes and masks are those of the image as given.
        """
        height, width = image.shape
        colour = np.repeat(image[:, :, None], 3, axis=2)
        if scale != 1:
            shortest = max(1, round(scale * min(height, width)))
            whole = ResizeShortestEdge(shortest, max_size=sys.maxsize)
            colour = whole.get_transform(colour).apply_image(colour)
        if self._resize is not None:
            colour = self._resize.get_transform(colour).apply_image(colour)
        tensor = torch.as_tensor(np.ascontiguousarray(colour.transpose(2, 0, 1), dtype=np.float32))
        with torch.inference_mode():
            instances = self._model([{"image": tensor, "height": height, "width": width}])[0][
                "instances"
            ].to("cpu")
        boxes = instances.pred_boxes.tensor.numpy()
        return [
            {
                "image_id": int(image_id),
                "category_id": int(category) + 1,
                "bbox": [float(x0), float(y0), float(x1 - x0), float(y1 - y0)],
                "score": float(score),
                "segmentation": encode_mask(mask),
            }
            for (x0, y0, x1, y1), score, category, mask in zip(
                boxes,
                instances.scores.numpy(),
                instances.pred_classes.numpy(),
                instances.pred_masks.numpy(),
                strict=True,
            )
        ]


def predict(
    predictor: Predictor, images: Iterable[tuple[int, np.ndarray]], scale: float = 1.0
) -> list[dict]:
    """COCO results of (image id, grey image) pairs, seen by the network `scale` times enlarged."""
    return [result for image_id, image in images for result in predictor(image, image_id, scale)]


def scale_of(image: dict, trained_pixel_nm: float) -> float:
    """How many times an image is to be enlarged to show its particles as the training images do.

    image: COCO image record; its pixel_size_nm is a number, [down, across] (the geometric mean
    counts) or None, for which the image stays as it is.
    """
    size = image.get("pixel_size_nm")
    if size is None:
        return 1.0
    return float(np.sqrt(np.prod(np.broadcast_to(size, 2)))) / trained_pixel_nm


def read_scenes(data: dict, located: dict[int, Path]) -> Iterator[tuple[int, np.ndarray]]:
    """(image id, image) of each image of a synthetic data set."""
    for image in data["images"]:
        with Image.open(located[image["id"]]) as file:
            yield image["id"], np.asarray(file)
