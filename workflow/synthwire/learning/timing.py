"""How long a training step and an image take here, and how many operations a step is."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from synthwire.learning import network
from synthwire.learning.plan import Plan
from synthwire.learning.train import train

from detectron2.modeling import build_model
from detectron2.structures import BitMasks, Boxes, Instances
from detectron2.utils.events import EventStorage

WARM_UP = 2  # steps that are not counted: memory is taken, routines are compiled
IMAGE_RUNS = 5
PARTICLES = 20  # of the image that operations are counted on, as in the paper's scenes


def seconds_a_step(
    architecture: Mapping,
    training: Mapping,
    plan: Plan,
    *,
    dataset: Path,
    shards: list[Path],
    weights: Path | None,
    images_per_step: int,
    processes: int,
    threads: int,
    steps: int,
) -> float:
    """Median time of a step of a real training of `steps` steps beyond WARM_UP, in s.

    architecture, training, plan, dataset, shards, weights: as `train` takes them; threads: of all
    processes together. The times are those of the entries that the training writes for TensorBoard.
    """
    settings = {
        **training,
        "images_per_batch": images_per_step,
        "cpu_processes": processes,
        "validation_period": 0,
    }
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "model"
            train(
                "timing",
                architecture,
                settings,
                plan._replace(iterations=WARM_UP + steps),
                dataset=dataset,
                shards=shards,
                weights=weights,
                seed=0,
                checkpoints=Path(folder) / "checkpoints",
                output=output,
            )
            times = _times_of_entries(output / "tensorboard")
    finally:
        torch.set_num_threads(before)
    counted = times[times[:, 0] >= WARM_UP - 1]
    steps_between, seconds = np.diff(counted, axis=0).T
    return float(np.median(seconds / steps_between))


def seconds_an_image(segment: Callable[[], object]) -> float:
    """Median time in s of IMAGE_RUNS calls, after one that is not counted."""
    segment()
    times = []
    for _ in range(IMAGE_RUNS):
        started = time.perf_counter()
        segment()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def mosaic(images: Sequence[np.ndarray], side_px: int) -> np.ndarray:
    """Grey images (height, width) of one size put side by side, cut to (side_px, side_px)."""
    height, width = images[0].shape
    rows, columns = -(-side_px // height), -(-side_px // width)
    tiles = [images[number % len(images)] for number in range(rows * columns)]
    lines = [np.hstack(tiles[row * columns : (row + 1) * columns]) for row in range(rows)]
    return np.ascontiguousarray(np.vstack(lines)[:side_px, :side_px])


def _times_of_entries(folder: Path) -> np.ndarray:
    """Step and time in s (n, 2) of each entry."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return np.array([(event.step, event.wall_time) for event in events.Scalars("total_loss")])


def operations_an_image(
    architecture: Mapping, training: Mapping, plan: Plan, side_px: int
) -> float:
    """Floating-point operations of a training step for one image, in the convolutions and products.

    architecture, training: sections of the config; side_px: of the square image as the network sees
    it. Forward and backward, counted by PyTorch on an image of noise with PARTICLES particles.
    """
    cfg = network.training_config(
        architecture,
        training,
        plan,
        weights="",
        device="cpu",
        seed=0,
        output=Path(),
    )
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 0.75 * side_px, (PARTICLES, 2))
    boxes = np.hstack([corners, corners + rng.uniform(0.1, 0.25, (PARTICLES, 2)) * side_px])
    masks = np.zeros((PARTICLES, side_px, side_px), dtype=bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes.astype(int), strict=True):
        mask[top : bottom + 1, left : right + 1] = True
    image = {
        "image": torch.from_numpy(rng.integers(0, 255, (3, side_px, side_px)).astype(np.float32)),
        "instances": Instances(
            (side_px, side_px),
            gt_boxes=Boxes(torch.from_numpy(boxes.astype(np.float32))),
            gt_classes=torch.zeros(PARTICLES, dtype=torch.long),
            gt_masks=BitMasks(torch.from_numpy(masks)),
        ),
    }
    model = build_model(cfg).train()
    with EventStorage(), FlopCounterMode(display=False) as counter:
        losses = model([image])
        sum(losses.values()).backward()
    return float(counter.get_total_flops())
