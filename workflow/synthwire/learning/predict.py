"""Applying a trained model to images."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthwire.errors import InputError
from synthwire.evaluation.suppression import choose_suppression
from synthwire.inference import predictor
from synthwire.inference.predictor import Detections
from synthwire.learning import network
from synthwire.learning.cpu.accelerate import accelerate
from synthwire.learning.folding import fold_normalisation
from synthwire.learning.precision import lower_precision, native_precision
from synthwire.learning.weight_files import WeightsLoader

from detectron2.config import CfgNode
from detectron2.modeling import build_model

RETURNED_EVERY = 10  # images


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


class Predictor(predictor.Predictor):
    """A Detectron2 model with its weights, ready to segment 8-bit grey images.

    cfg: from `network.prediction_config`. precision: float32, as in training; bfloat16 or float16
    for the layers that take the time, whose results are then cast back; auto, the fastest that the
    device computes natively. The rest as `inference.predictor.Predictor`.
    """

    def __init__(
        self,
        cfg: CfgNode,
        precision: str = "float32",
        suppress: Callable[[list[dict]], list[dict]] | None = None,
        scales: Sequence[float] = (1.0,),
        rate_masks: bool = False,
        score_exponent: float = 1.0,
        view_px: float = math.inf,
    ) -> None:
        sides = cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST
        super().__init__(sides, suppress, scales, rate_masks, score_exponent, view_px)
        self._proposals = cfg.MODEL.RPN.PRE_NMS_TOPK_TEST, cfg.MODEL.RPN.POST_NMS_TOPK_TEST
        self._detections = cfg.TEST.DETECTIONS_PER_IMAGE
        self._model = build_model(cfg)
        StrictCheckpointer(self._model).load(cfg.MODEL.WEIGHTS)
        self._model.eval()
        fold_normalisation(self._model)
        accelerate(self._model)
        if precision == "auto":
            precision = native_precision(cfg.MODEL.DEVICE)
        if precision != "float32":
            lower_precision(self._model, getattr(torch, precision))

    @torch.inference_mode()
    def detect(self, picture: np.ndarray) -> Detections:
        proposer, heads = self._model.proposal_generator, self._model.roi_heads
        before, after = (self.at_most(number, picture) for number in self._proposals)
        proposer.pre_nms_topk[False], proposer.post_nms_topk[False] = before, after
        heads.box_predictor.test_topk_per_image = self.at_most(self._detections, picture)
        inputs = [{"image": _tensor(picture)}]
        (instances,) = self._model.inference(inputs, do_postprocess=False)
        instances = instances.to("cpu")
        own_frames = instances.has("mask_boxes")
        return Detections(
            instances.pred_boxes.tensor.numpy(),
            instances.scores.numpy(),
            instances.pred_classes.numpy(),
            instances.pred_masks[:, 0].numpy(),
            instances.mask_boxes.tensor.numpy() if own_frames else None,
        )

    @torch.inference_mode()
    def features(self, image: np.ndarray, scale: float = 1.0) -> dict[str, np.ndarray]:
        """Features (channels, height, width) of each level of the pyramid, the finest first.

        A level shows the whole image and nothing else: what the network adds at the right and at
        the foot to reach a multiple of its strides is cut off. scale: as in a prediction.
        """
        tensor = _tensor(self.as_seen(image, scale))
        levels = self._model.backbone(self._model.preprocess_image([{"image": tensor}]).tensor)
        shapes = self._model.backbone.output_shape()
        found = {}
        for name, level in levels.items():
            rows, columns = (math.ceil(side / shapes[name].stride) for side in tensor.shape[1:])
            found[name] = level[0, :, :rows, :columns].float().cpu().numpy()
        return found


def _tensor(picture: np.ndarray) -> torch.Tensor:
    """A grey picture as Detectron2 takes it: (3, height, width), float32, 0 to 255."""
    return torch.as_tensor(np.repeat(picture[np.newaxis].astype(np.float32), 3, axis=0))


def load(
    weights: Path,
    architecture: Mapping,
    prediction: Mapping,
    *,
    nms_threshold: float,
    classes: int = 1,
    device: str = "cpu",
    precision: str = "auto",
    view_px: float = math.inf,
) -> Predictor:
    """A predictor from weights and the settings that they were trained with.

    architecture, prediction: as config["architecture"], config["prediction"]; nms_threshold: of
    the proposal network; classes: number of categories; precision, view_px: as `Predictor`.
    InputError when the weights do not fit.
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
        view_px,
    )


def predict(
    by: Predictor, images: Iterable[tuple[int, np.ndarray]], scale: float = 1.0
) -> list[dict]:
    """COCO results of (image id, grey image) pairs, seen by the network `scale` times enlarged."""
    results: list[dict] = []
    for number, (image_id, image) in enumerate(images, start=1):
        results += by(image, image_id, scale)
        if number % RETURNED_EVERY == 0:
            _return_memory()
    return results


def _return_memory() -> None:
    """Give back what glibc keeps of freed memory, which tensors of ever other sizes fragment."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def scale_of(image: dict, trained_pixel_nm: float) -> float:
    """How many times an image is to be enlarged to show its particles as the training images do.

    image: COCO image record; its pixel_size_nm is a number, [down, across] (the geometric mean
    counts) or None, for which the image stays as it is.
    """
    size = image.get("pixel_size_nm")
    if size is None:
        return 1.0
    return float(np.sqrt(np.prod(np.broadcast_to(size, 2)))) / trained_pixel_nm
