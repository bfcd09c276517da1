"""A network applied to one image: sizes, scores, masks, suppression."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from synthwire.evaluation.suppression import mask_nms
from synthwire.inference.pasting import mask_confidence, paste_masks
from synthwire.io.masks import encode_crop

SAME_IOU = 0.5  # of two masks found at different sizes, above which they are one particle
VIEW_PX = 512**2  # of a picture, for which a network's numbers of proposals and detections suffice


class Place(NamedTuple):
    """Where an image lies in a larger one of (height, width): its upper left pixel."""

    top: int
    left: int
    height: int
    width: int


class Detections(NamedTuple):
    """What a network says of a picture (height, width), in its pixels.

    boxes: (N, 4) as x0, y0, x1, y1; scores, classes: (N,); masks: probabilities (N, M, M); frames:
    (N, 4), the regions that the masks fill where these are not the boxes. Numbers are float32.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    masks: np.ndarray
    frames: np.ndarray | None


class Predictor(ABC):
    """What segments 8-bit grey images with some network.

    sides: the shortest and the longest side that the network sees; a shortest of 0: as they are.
    suppress: what is done to the results of an image in the end. scales: sizes, relative to the one
    asked for, at which each image is looked at; of what is found at several the surest stays. A
    wire that is too long for the network's view fits a smaller one. rate_masks: scores are the
    geometric mean of the box's score and the mask's mean probability. score_exponent: power to
    which scores are then raised; their order stays. view_px: in a picture of more pixels the
    network may propose and find more particles than its settings say, as many more as it is larger.
    """

    def __init__(
        self,
        sides: tuple[int, int],
        suppress: Callable[[list[dict]], list[dict]] | None = None,
        scales: Sequence[float] = (1.0,),
        rate_masks: bool = False,
        score_exponent: float = 1.0,
        view_px: float = math.inf,
    ) -> None:
        self._sides = sides
        self._suppress = suppress
        self._scales = scales
        self._rate_masks = rate_masks
        self._score_exponent = score_exponent
        self._view_px = view_px

    def at_most(self, number: int, picture: np.ndarray) -> int:
        """How many a picture may hold of what the settings give a number for."""
        return round(number * max(1.0, picture.size / self._view_px))

    @abstractmethod
    def detect(self, picture: np.ndarray) -> Detections:
        """What the network says of a picture (height, width), uint8, as it is to see it."""

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

    def as_seen(self, image: np.ndarray, scale: float) -> np.ndarray:
        """A grey image (height, width), uint8, as the network sees it at a scale."""
        if scale != 1:
            image = _resized(image, max(1, round(scale * min(image.shape))))
        return _resized(image, *self._sides) if self._sides[0] > 0 else image

    def _find(self, image: np.ndarray, image_id: int, scale: float, place: Place) -> list[dict]:
        """COCO results at one size."""
        height, width = image.shape
        picture = self.as_seen(image, scale)
        found = _at_size(self.detect(picture), picture.shape, height, width)
        scores = found.scores
        if self._rate_masks:
            scores = np.sqrt(scores * mask_confidence(found.masks))
        scores = scores**self._score_exponent
        # a head that draws beyond its boxes knows better than they where a particle ends
        frames = found.boxes if found.frames is None else found.frames
        masks = paste_masks(found.masks, frames, height, width)
        results = []
        for (x0, y0, x1, y1), score, category, (crop, top, left) in zip(
            found.boxes.tolist(), scores.tolist(), found.classes.tolist(), masks, strict=True
        ):
            empty = not crop.any()
            if empty and self._rate_masks:  # its score is 0
                continue
            bbox = [x0 + place.left, y0 + place.top, x1 - x0, y1 - y0]
            segmentation = encode_crop(
                crop, top + place.top, left + place.left, place.height, place.width
            )
            if found.frames is not None and not empty:
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


def _resized(image: np.ndarray, shortest: int, longest: float = float("inf")) -> np.ndarray:
    """An image whose shorter side is `shortest`, or less where the other would be too long; as
    Detectron2's ResizeShortestEdge makes it.
    """
    factor = shortest / min(image.shape)
    sides = [factor * side for side in image.shape]
    sides[int(np.argmin(image.shape))] = shortest
    if max(sides) > longest:
        factor = longest / max(sides)
        sides = [factor * side for side in sides]
    height, width = (int(side + 0.5) for side in sides)
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def _at_size(found: Detections, seen: tuple[int, ...], height: int, width: int) -> Detections:
    """Detections in an image of (height, width), without those whose box is empty."""
    down, across = height / seen[0], width / seen[1]
    factors = np.array([across, down, across, down], dtype=np.float32)
    limits = np.array([width, height, width, height], dtype=np.float32)
    boxes = np.clip(found.boxes * factors, 0, limits)
    full = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return Detections(
        boxes[full],
        found.scores[full],
        found.classes[full],
        found.masks[full],
        None if found.frames is None else (found.frames * factors)[full],
    )
