"""Applying a trained model to images."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pycocotools import mask as coco_mask

from synthwire.errors import InputError
from synthwire.evaluation.suppression import choose_suppression, mask_nms
from synthwire.io.masks import encode_crop
from synthwire.learning import network
from synthwire.learning.cpu.accelerate import accelerate
from synthwire.learning.folding import fold_normalisation
from synthwire.learning.pasting import mask_confidence, paste_masks
from synthwire.learning.precision import lower_precision, native_precision
from synthwire.learning.weight_files import WeightsLoader

from detectron2.config import CfgNode
from detectron2.data.transforms import ResizeShortestEdge
from detectron2.modeling import build_model
from detectron2.structures import Instances

SAME_IOU = 0.5  # of two masks found at different sizes, above which they are one particle


class Place(NamedTuple):
    """Where an image lies in a larger one of (height, width): its upper left pixel."""

    top: int
    left: int
    height: int
    width: int


class StrictCheckpointer(WeightsLoader):
    """Detectron2's checkpointer; weights that do not fit the network are refused."""

    def _load_model(self, checkpoint: dict[str, Any]) -> Any:
        incompatible = super()._load_model(checkpoint)
        wrong = {name: "is not known" for name in incompatible.unexpected_keys}
        wrong |= {name: "is missing" for name in incompatible.missing_keys}
        wrong |= {name: "has another shape" for name, *_ in incompatible.incorrect_shapes}
        if wrong:
            name = next(reversed(wrong))
            raise InputError(
                f"{self._path}: the weights do not fit the architecture ({len(wrong)} parameters; "
                f"{name} {wrong[name]}); give the architecture that they were trained with"
            )
        return incompatible

    def load(self, path: str, *arguments: Any, **options: Any) -> dict:
        self._path = path
        return super().load(path, *arguments, **options)


class Predictor:
    """A model with its weights, ready to segment 8-bit grey images.

    cfg: from `network.prediction_config`. precision: float32, as in training; bfloat16 or float16
    for the layers that take the time, whose results are then cast back; auto, the fastest that the
    device computes natively. suppress: what is done to the results of an image in the end. scales:
    sizes, relative to the one asked for, at which each image is looked at; of what is found at
    several the surest stays. A wire that is too long for the network's view fits a smaller one.
    rate_masks: scores are the geometric mean of the box's score and the mask's mean probability.
    score_exponent: power to which scores are then raised; their order stays.
    """

    def __init__(
        self,
        cfg: CfgNode,
        precision: str = "float32",
        suppress: Callable[[list[dict]], list[dict]] | None = None,
        scales: Sequence[float] = (1.0,),
        rate_masks: bool = False,
        score_exponent: float = 1.0,
    ) -> None:
        self._suppress = suppress
        self._rate_masks = rate_masks
        self._score_exponent = score_exponent
        self._scales = scales
        self._model = build_model(cfg)
        StrictCheckpointer(self._model).load(cfg.MODEL.WEIGHTS)
        self._model.eval()
        fold_normalisation(self._model)
        accelerate(self._model)
        if precision == "auto":
            precision = native_precision(cfg.MODEL.DEVICE)
        if precision != "float32":
            lower_precision(self._model, getattr(torch, precision))
        # a shortest edge of 0 means: no resize
        self._resize = (
            ResizeShortestEdge(cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)
            if cfg.INPUT.MIN_SIZE_TEST > 0
            else None
        )

    def __call__(
        self, image: np.ndarray, image_id: int, scale: float = 1.0, place: Place | None = None
    ) -> list[dict]:
        """COCO results of one grey image (height, width), uint8, best score first.

        scale: the network sees the image so many times enlarged (before the config's own resize);
        boxes and masks are those of the image as given. place: the image is a part of a larger one,
        in whose coordinates boxes and masks are to be.
        """
        return self._at_sizes(image, image_id, scale, place, self._scales)

    def at_one_size(
        self, image: np.ndarray, image_id: int, scale: float = 1.0, place: Place | None = None
    ) -> list[dict]:
        """As a call, but at this size alone, whatever the predictor's own `scales`."""
        return self._at_sizes(image, image_id, scale, place, (1.0,))

    @torch.inference_mode()
    def _at_sizes(
        self,
        image: np.ndarray,
        image_id: int,
        scale: float,
        place: Place | None,
        scales: Sequence[float],
    ) -> list[dict]:
        place = place or Place(0, 0, *image.shape)
        results = [
            result
            for relative in scales
            for result in self._find(image, image_id, scale * relative, place)
        ]
        if len(scales) > 1:
            results = mask_nms(results, SAME_IOU)
        results.sort(key=lambda result: -result["score"])
        return self._suppress(results) if self._suppress else results

    def _find(self, image: np.ndarray, image_id: int, scale: float, place: Place) -> list[dict]:
        """COCO results at one size."""
        height, width = image.shape
        instances = _at_size(self._detect(image, scale), height, width)
        boxes = instances.pred_boxes.tensor
        scores = instances.scores
        if self._rate_masks:
            scores = (scores * mask_confidence(instances.pred_masks)).sqrt()
        scores = scores**self._score_exponent
        # a head that draws beyond its boxes knows better than they where a particle ends
        own_frames = instances.has("mask_boxes")
        frames = instances.mask_boxes.tensor if own_frames else boxes
        masks = paste_masks(instances.pred_masks, frames, height, width)
        results = []
        for (x0, y0, x1, y1), score, category, (crop, top, left) in zip(
            boxes.tolist(),
            scores.tolist(),
            instances.pred_classes.tolist(),
            masks,
            strict=True,
        ):
            empty = not crop.any()
            if empty and self._rate_masks:  # its score is 0
                continue
            bbox = [x0 + place.left, y0 + place.top, x1 - x0, y1 - y0]
            segmentation = encode_crop(
                crop, top + place.top, left + place.left, place.height, place.width
            )
            if own_frames and not empty:
                bbox = coco_mask.toBbox(segmentation).tolist()
            results.append(
                {
                    "image_id": int(image_id),
                    "category_id": category + 1,
                    "bbox": bbox,
                    "score": score,
                    "segmentation": segmentation,
                }
            )
        return results

    @torch.inference_mode()
    def features(self, image: np.ndarray, scale: float = 1.0) -> dict[str, np.ndarray]:
        """Features (channels, height, width) of each level of the pyramid, the finest first.

        A level shows the whole image and nothing else: what the network adds at the right and at
        the foot to reach a multiple of its strides is cut off. scale: as in a prediction.
        """
        tensor = self._as_seen(image, scale)
        levels = self._model.backbone(self._model.preprocess_image([{"image": tensor}]).tensor)
        shapes = self._model.backbone.output_shape()
        found = {}
        for name, level in levels.items():
            rows, columns = (math.ceil(side / shapes[name].stride) for side in tensor.shape[1:])
            found[name] = level[0, :, :rows, :columns].float().cpu().numpy()
        return found

    def _as_seen(self, image: np.ndarray, scale: float) -> torch.Tensor:
        """The image as the network sees it: (3, height, width), float32, 0 to 255."""
        colour = np.repeat(image[:, :, None], 3, axis=2)
        if scale != 1:
            shortest = max(1, round(scale * min(image.shape)))
            whole = ResizeShortestEdge(shortest, max_size=sys.maxsize)
            colour = whole.get_transform(colour).apply_image(colour)
        if self._resize is not None:
            colour = self._resize.get_transform(colour).apply_image(colour)
        return torch.as_tensor(np.ascontiguousarray(colour.transpose(2, 0, 1), dtype=np.float32))

    def _detect(self, image: np.ndarray, scale: float) -> Instances:
        """Boxes, scores, classes and soft masks (N, 1, M, M), in the network's own coordinates."""
        inputs = [{"image": self._as_seen(image, scale)}]
        (instances,) = self._model.inference(inputs, do_postprocess=False)
        return instances.to("cpu")


def load(
    weights: Path,
    architecture: Mapping,
    prediction: Mapping,
    *,
    nms_threshold: float,
    classes: int = 1,
    device: str = "cpu",
    precision: str = "auto",
) -> Predictor:
    """A predictor from weights and the settings that they were trained with.

    architecture, prediction: as config["architecture"], config["prediction"]; nms_threshold: of
    the proposal network; classes: number of categories; precision: as `Predictor`. InputError when
    the weights do not fit.
    """
    return Predictor(
        network.prediction_config(
            architecture,
            prediction,
            nms_threshold=nms_threshold,
            weights=Path(weights),
            device=device,
            classes=classes,
        ),
        precision,
        choose_suppression(prediction),
        prediction["scales"],
        prediction["rate_masks"],
        prediction["score_exponent"],
    )


def _at_size(instances: Instances, height: int, width: int) -> Instances:
    """Detections on an image resized to (height, width), without those whose box is empty."""
    down, across = height / instances.image_size[0], width / instances.image_size[1]
    resized = Instances((height, width), **instances.get_fields())
    resized.pred_boxes.scale(across, down)
    resized.pred_boxes.clip(resized.image_size)
    if resized.has("mask_boxes"):
        resized.mask_boxes.scale(across, down)
    return resized[resized.pred_boxes.nonempty()]


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
