"""What a training does: a row of the paper's Table 1 after the config's scaling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

PAPER_IMAGES_PER_BATCH = 32


class Plan(NamedTuple):
    """What one training does: a row of the model table after the config's scaling."""

    iterations: int
    learning_rate: float
    roi_batch: int  # ROI_HEADS.BATCH_SIZE_PER_IMAGE
    iou_threshold: float  # upper value of RPN.IOU_THRESHOLDS
    nms_threshold: float  # RPN.NMS_THRESH
    warmup: int
    schedule: str  # constant or cosine


def plan_row(row: Mapping, training: Mapping) -> Plan:
    """Scale one row of the model table by config["training"].

    Iterations are epochs × data set size / 32, rounded up: an epoch is a pass over the (nominal)
    data set at the paper's 4 GPUs × 8 images. `iterations_factor` scales the whole study,
    `minimum_iterations` and `maximum_iterations` bound each row.
    """
    count = math.ceil(
        training["iterations_factor"] * row["epochs"] * row["dataset_size"] / PAPER_IMAGES_PER_BATCH
    )
    if training["maximum_iterations"] is not None:
        count = min(count, training["maximum_iterations"])
    count = max(count, training["minimum_iterations"])
    return Plan(
        iterations=count,
        learning_rate=row["learning_rate"] * training["learning_rate_factor"],
        roi_batch=max(1, round(row["roi_head"] * training["roi_factor"])),
        iou_threshold=row["iou_thr"],
        nms_threshold=row["nms"],
        warmup=_warmup(count, training),
        schedule=training["schedule"],
    )


def plan_base(training: Mapping) -> Plan:
    """The shared base model that plays the part of COCO weights: config["training"]["base"]."""
    base = training["base"]
    return Plan(
        iterations=base["iterations"],
        learning_rate=base["learning_rate"],
        roi_batch=base["roi_head"],
        iou_threshold=base["iou_thr"],
        nms_threshold=base["nms"],
        warmup=_warmup(base["iterations"], training),
        schedule=base["schedule"],
    )


def _warmup(count: int, training: Mapping) -> int:
    return min(training["warmup_iterations"], math.ceil(training["warmup_fraction"] * count))
