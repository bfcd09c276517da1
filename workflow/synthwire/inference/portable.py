"""Mask R-CNN in ONNX's form, run by onnxruntime: no PyTorch, no Detectron2.

A portable model is one zip: three graphs (pyramid.onnx, boxes.onnx, masks.onnx) that hold the
network's layers, settings.json with the numbers of what goes on between them, and card.json.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthwire.errors import InputError
from synthwire.evaluation.suppression import choose_suppression
from synthwire.inference import predictor
from synthwire.inference.predictor import Detections
from synthwire.inference.regions import anchors, clipped, levels_of, moved, suppressed
from synthwire.inference.roi_align import pool
from synthwire.io.files import atomic_path, json_ready

SUFFIX = ".onnx.zip"
GRAPHS = ("pyramid", "boxes", "masks")
TEXTS = ("settings", "card")
REGIONS_AT_ONCE = 32  # whose masks are drawn: more take memory, and no less time each


def write_portable(
    path: Path, graphs: Mapping[str, bytes], settings: Mapping[str, Any], card: Mapping[str, Any]
) -> None:
    """Write a portable model, atomically; the same content always gives the same bytes."""
    texts = {"settings": settings, "card": card}
    files = {f"{name}.onnx": graphs[name] for name in GRAPHS}
    files |= {f"{name}.json": json.dumps(json_ready(texts[name])).encode() for name in TEXTS}
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def read_card(path: Path) -> dict[str, Any]:
    """The card of a portable model; InputError where it is none, or damaged."""
    return _read(path, ["card.json"])["card.json"]


def _read(path: Path, names: Sequence[str]) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name) for name in names}  # compares the sums, too
            return {
                name: json.loads(content) if name.endswith(".json") else content
                for name, content in found.items()
            }
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: no portable model, or a damaged one ({error}); "
            "`synthwire export-model` makes one"
        ) from None


class PortablePredictor(predictor.Predictor):
    """A portable model, ready to segment 8-bit grey images."""

    def __init__(self, path: Path) -> None:
        files = _read(path, [*(f"{name}.onnx" for name in GRAPHS), "settings.json", "card.json"])
        prediction = files["card.json"]["prediction"]
        super().__init__(
            (prediction["min_size_px"], prediction["max_size_px"]),
            choose_suppression(prediction),
            prediction["scales"],
            prediction["rate_masks"],
            prediction["score_exponent"],
            predictor.VIEW_PX,
        )
        self._settings: dict[str, Any] = files["settings.json"]
        self._graphs = {name: _session(files[f"{name}.onnx"]) for name in GRAPHS}

    def detect(self, picture: np.ndarray) -> Detections:
        features, proposals = self._propose(picture)
        boxes, scores, classes = self._classify(features, proposals, picture)
        frames = boxes
        enlarged = self._settings["region_scale"]
        if enlarged != 1:
            centres = np.tile((boxes[:, :2] + boxes[:, 2:]) / 2, 2)
            frames = centres + np.float32(enlarged) * (boxes - centres)
        masks = np.concatenate(
            [
                self._draw(features, frames[i : i + REGIONS_AT_ONCE], classes[i:])
                for i in range(0, max(1, len(frames)), REGIONS_AT_ONCE)
            ]
        )
        return Detections(boxes, scores, classes, masks, frames if enlarged != 1 else None)

    def _propose(self, picture: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Features of each level by its name, and boxes (N, 4) that may hold a particle."""
        known = self._settings
        mean, std = (
            np.array(known[key], dtype=np.float32).reshape(3, 1, 1) for key in ("mean", "std")
        )
        rest = [(0, -side % max(known["divisibility"], 1)) for side in picture.shape]
        seen = np.pad((picture[np.newaxis] - mean) / std, [(0, 0), *rest])
        found = self._graphs["pyramid"].run(None, {"picture": seen[np.newaxis]})
        count = len(known["levels"])
        most = self.at_most(known["proposals_before"], picture)
        boxes, scores, groups = [], [], []
        for level in range(count):
            logits = found[count + level][0].transpose(1, 2, 0)
            deltas = found[2 * count + level][0]
            cells = np.array(known["anchors"][level], dtype=np.float32)
            deltas = deltas.reshape(len(cells), 4, *logits.shape[:2]).transpose(2, 3, 0, 1)
            flat = logits.ravel()
            best = np.argsort(-flat, kind="stable")[:most]
            about = anchors(cells, known["strides"][level], known["offset"], logits.shape[:2])
            steps = deltas.reshape(-1, 4)[best]
            boxes.append(moved(about[best], steps, known["proposal_weights"]))
            scores.append(flat[best])
            groups.append(np.full(len(best), level))
        proposals = clipped(np.concatenate(boxes), picture.shape)
        full = _full(proposals)
        kept = suppressed(
            proposals[full],
            np.concatenate(scores)[full],
            np.concatenate(groups)[full],
            known["proposal_nms"],
        )
        names = known["levels"]
        features = {name: level[0] for name, level in zip(names, found[:count], strict=True)}
        most = self.at_most(known["proposals_after"], picture)
        return features, proposals[full][kept[:most]]

    def _classify(
        self, features: Mapping[str, np.ndarray], proposals: np.ndarray, picture: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes (N, 4), scores and classes (N,), best score first."""
        known = self._settings
        scores, deltas = self._see("boxes", features, proposals)
        scores = scores[:, :-1]  # the last is that of the ground
        classes = scores.shape[1]
        deltas = deltas.reshape(len(proposals), -1, 4)
        where, category = np.nonzero(scores > known["minimum_score"])
        own = category if deltas.shape[1] == classes else np.zeros_like(category)
        boxes = moved(proposals[where], deltas[where, own], known["box_weights"])
        boxes, found = clipped(boxes, picture.shape), scores[where, category]
        kept = suppressed(boxes, found, category, known["box_nms"])
        kept = kept[: self.at_most(known["detections"], picture)]
        return boxes[kept], found[kept], category[kept]

    def _draw(
        self, features: Mapping[str, np.ndarray], frames: np.ndarray, classes: np.ndarray
    ) -> np.ndarray:
        """Probabilities (N, M, M) of the pixels of regions (N, 4) that hold these classes."""
        (logits,) = self._see("masks", features, frames)
        of_class = logits[np.arange(len(frames)), classes[: len(frames)]]
        return 1 / (1 + np.exp(-of_class))

    def _see(
        self, graph: str, features: Mapping[str, np.ndarray], boxes: np.ndarray
    ) -> list[np.ndarray]:
        """What a graph says of regions (N, 4), in their order."""
        pooling = self._settings[graph]
        names = pooling["levels"]
        levels = np.zeros(len(boxes), dtype=np.int64)
        if len(names) > 1:
            levels = levels_of(boxes, pooling["canonical"], pooling["least"], pooling["most"])
        bins = pooling["bins"]
        pooled = np.empty((len(boxes), bins, bins, features[names[0]].shape[-1]), dtype=np.float32)
        for number, (name, scale) in enumerate(zip(names, pooling["scales"], strict=True)):
            which = np.flatnonzero(levels == number)
            pool(features[name], boxes, which, np.float32(scale), pooling["samples"], pooled)
        return self._graphs[graph].run(None, {"regions": pooled})


def _full(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])


def _session(graph: bytes) -> Any:
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise InputError("onnxruntime is not installed: pip install synthwire brings it") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # threads that wait by spinning take the processor from whatever else runs
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
