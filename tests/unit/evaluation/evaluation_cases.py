"""Small data sets and predictions, and what pycocotools says of them."""

from __future__ import annotations

import contextlib
import copy
import io
import math
from pathlib import Path

import numpy as np
import yaml
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/synthwire/schema/evaluation.schema.yaml").read_text())
SETTINGS = {key: field["default"] for key, field in SCHEMA["properties"].items()}
METRICS = ("ap", "ap50", "ap75", "aps", "apm", "apl")


def rectangle(x, y, width, height, size=(64, 64)):
    mask = np.zeros(size, dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask


def data_set(masks, *, crowd=(), size=(64, 64), image_ids=None):
    """One image per list of masks."""
    images, annotations = [], []
    for number, group in enumerate(masks):
        image_id = image_ids[number] if image_ids else number
        height, width = size
        images.append(
            {"id": image_id, "file_name": f"{image_id}.png", "width": width, "height": height}
        )
        for mask in group:
            annotations.append(make_annotation(len(annotations) + 1, image_id, encode_mask(mask)))
    for number in crowd:
        annotations[number]["iscrowd"] = 1
    return {
        "info": {},
        "images": images,
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": annotations,
    }


def prediction(mask, score, image_id=0):
    return {
        "image_id": image_id,
        "category_id": 1,
        "score": score,
        "segmentation": encode_mask(mask),
    }


def random_wire(rng, size):
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x, y, angle = rng.uniform(0, size[1]), rng.uniform(0, size[0]), rng.uniform(0, np.pi)
    length, width = rng.uniform(6, 150), rng.uniform(2, 70)
    along = (columns - x) * np.cos(angle) - (rows - y) * np.sin(angle)
    across = (columns - x) * np.sin(angle) + (rows - y) * np.cos(angle)
    return (abs(along) < length / 2) & (abs(across) < width / 2)


def random_case(seed, images=6, size=(128, 160)):
    """Crossing wires of all sizes, shifted and invented detections, some outlines ignored."""
    rng = np.random.default_rng(seed)
    groups, predictions = [], []
    for image_id in range(images):
        group = [random_wire(rng, size) for _ in range(rng.integers(0, 9))]
        group = [mask for mask in group if mask.any()]
        groups.append(group)
        for mask in group:
            for _ in range(rng.integers(0, 4)):
                shifted = np.roll(mask, rng.integers(-3, 4, 2), axis=(0, 1))
                predictions.append(prediction(shifted, float(rng.uniform(0.05, 1)), image_id))
        for _ in range(rng.integers(0, 4)):
            invented = random_wire(rng, size)
            if invented.any():
                predictions.append(prediction(invented, float(rng.uniform(0.05, 1)), image_id))
    truth = data_set(groups, size=size)
    for item in truth["annotations"]:
        item["iscrowd"] = int(rng.random() < 0.2)
    return truth, predictions


def reference(truth, predictions, kind, limit=100):
    """COCOeval run as its authors do, nothing of ours in between."""
    truth, predictions = copy.deepcopy(truth), copy.deepcopy(predictions)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        if kind == "bbox":
            from pycocotools import mask as coco_mask

            for item in predictions:
                item["bbox"] = coco_mask.toBbox(item["segmentation"]).tolist()
        evaluator = COCOeval(coco, coco.loadRes(predictions), kind)
        evaluator.params.maxDets = [1, 2, limit]
        evaluator.evaluate()
        evaluator.accumulate()
    precision = evaluator.eval["precision"]  # IoU, recall, category, area, detections

    def mean(values):
        values = values[values > -1]
        return 100 * values.mean() if values.size else math.nan

    return {
        "ap": mean(precision[:, :, :, 0, 2]),
        "ap50": mean(precision[0, :, :, 0, 2]),
        "ap75": mean(precision[5, :, :, 0, 2]),
        "aps": mean(precision[:, :, :, 1, 2]),
        "apm": mean(precision[:, :, :, 2, 2]),
        "apl": mean(precision[:, :, :, 3, 2]),
    }


def as_number(value):
    return math.nan if value is None else value


def with_images():
    return {**SETTINGS, "bootstrap_images": 5, "bootstrap_replicates": 200}
