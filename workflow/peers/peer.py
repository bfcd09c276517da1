"""What all peers do alike: read the data set, keep to a time, say what they found.

A peer is another method that learns from the same images (the supplement's comparison). It runs in
an environment of its own, from envs/peers, and knows nothing of this project but its COCO files.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from pycocotools import mask as rle

TIMED_RUNS = 5
LEAST_SCORE = 0.05  # as the rows' predictions have them, and
AT_MOST = 500  # particles an image


class Sample(NamedTuple):
    """An image (height, width) of 8 bits and its masks (particles, height, width), boolean."""

    image_id: int
    pixels: np.ndarray
    masks: np.ndarray


class Found(NamedTuple):
    """One particle that a peer found: boolean mask (height, width) and score from 0 to 1."""

    mask: np.ndarray
    score: float


Facts = dict[str, Any]
Segment = Callable[[np.ndarray], Sequence[Found]]


class Budget:
    """A limit on processor time, of this process and its children, counted from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._start = _processor_seconds()

    def spent(self) -> float:
        return _processor_seconds() - self._start

    def over(self) -> bool:
        return self.spent() >= self.seconds


def _processor_seconds() -> float:
    return sum(os.times()[:4])


def read_samples(dataset: Path, folders: Sequence[Path]) -> list[Sample]:
    """The images of a COCO file, found in any of the folders."""
    content = json.loads(dataset.read_text(encoding="utf-8"))
    masks: dict[int, list[np.ndarray]] = {image["id"]: [] for image in content["images"]}
    for item in content["annotations"]:
        masks[item["image_id"]].append(rle.decode(item["segmentation"]).astype(bool))
    samples = []
    for image in content["images"]:
        path = next(
            folder / image["file_name"]
            for folder in folders
            if (folder / image["file_name"]).exists()
        )
        pixels = _read(path)
        shape = (len(masks[image["id"]]), *pixels.shape)
        own = np.array(masks[image["id"]], dtype=bool).reshape(shape)
        samples.append(Sample(image["id"], pixels, own))
    return samples


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"))


def label_image(masks: np.ndarray) -> np.ndarray:
    """One number a pixel, for methods that know no overlap: of several masks the smallest one's."""
    labels = np.zeros(masks.shape[1:], dtype=np.int32)
    for number in np.argsort(-masks.sum(axis=(1, 2)), kind="stable"):
        labels[masks[number]] = number + 1
    return labels


def parts_of(labels: np.ndarray, scores: Sequence[float]) -> list[Found]:
    """The particles of a label image; scores: of labels 1, 2 and so on."""
    return [Found(labels == number + 1, float(score)) for number, score in enumerate(scores)]


def main(
    train: Callable[[list[Sample], Budget, int, Path], Facts],
    load: Callable[[Path], Segment],
    *,
    package: str,
) -> None:
    """`train` learns and leaves its model in a folder; `apply` segments, and times one image.

    train: samples, time, seed, folder → facts for the record; load: folder → what segments an
    image; package: whose version is noted.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["train", "apply"])
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--images", type=Path, nargs="+", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--as-long-as", type=Path, help="provenance of a training")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--timed", type=Path, help="image whose time is measured")
    parser.add_argument("--predictions", type=Path)
    options = parser.parse_args()
    samples = read_samples(options.dataset, options.images)
    record: dict[str, Any] = {"version": metadata.version(package)}
    if options.task == "train":
        options.model.mkdir(parents=True, exist_ok=True)
        seconds = json.loads(options.as_long_as.read_text(encoding="utf-8"))["processor_s"]
        started, budget = time.perf_counter(), Budget(seconds)
        facts = train(samples, budget, options.seed, options.model)
        record |= {
            "images": len(samples),
            "processor_s": round(budget.spent(), 1),
            "seconds": round(time.perf_counter() - started, 1),
            **facts,
        }
    else:
        segment = load(options.model)
        _write(options.predictions, [it for sample in samples for it in _results(sample, segment)])
        record["seconds_an_image"] = round(_seconds(segment, _read(options.timed)), 3)
    _write(options.record, record)


def _results(sample: Sample, segment: Segment) -> list[dict[str, Any]]:
    """COCO results of one image, the best first."""
    results = []
    for found in sorted(segment(sample.pixels), key=lambda it: -it.score):
        if not found.mask.any():
            continue
        code = rle.encode(np.asfortranarray(found.mask, dtype=np.uint8))
        box = [float(value) for value in rle.toBbox(code)]
        code["counts"] = code["counts"].decode()
        results.append(
            {
                "image_id": sample.image_id,
                "category_id": 1,
                "score": round(found.score, 6),
                "bbox": box,
                "segmentation": code,
            }
        )
    return results


def _seconds(segment: Segment, picture: np.ndarray) -> float:
    """Median of several runs, after one that warms up."""
    segment(picture)
    times = []
    for _ in range(TIMED_RUNS):
        started = time.perf_counter()
        segment(picture)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
