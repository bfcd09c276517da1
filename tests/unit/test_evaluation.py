"""Metrics against pycocotools and against cases worked out by hand."""

import contextlib
import copy
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from synthwire.annotations import decode_mask, encode_mask, make_annotation
from synthwire.errors import InputError
from synthwire.evaluation import (
    classify_pixels,
    evaluate_predictions,
)

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "config/schemas/evaluation.schema.yaml").read_text())
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


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_average_precision_is_that_of_pycocotools(seed, kind):
    truth, predictions = random_case(seed)
    expected = reference(truth, predictions, kind)
    found = evaluate_predictions(truth, predictions, SETTINGS)
    for metric in METRICS:
        assert as_number(found[kind][metric]) == pytest.approx(
            expected[metric], abs=1e-9, nan_ok=True
        ), metric
    certain = [item for item in predictions if item["score"] >= 0.7]
    expected = reference(truth, certain, kind)
    for metric in METRICS:
        assert as_number(found[f"{kind}_score70"][metric]) == pytest.approx(
            expected[metric], abs=1e-9, nan_ok=True
        ), metric


def test_the_number_of_detections_is_limited_as_in_pycocotools():
    truth, predictions = random_case(3)
    settings = {**SETTINGS, "detections": [3, 8]}
    found = evaluate_predictions(truth, predictions, settings)
    for key, limit in (("segm", 3), ("segm_8", 8), ("bbox", 3), ("bbox_8", 8)):
        expected = reference(truth, predictions, key.split("_")[0], limit)
        for metric in METRICS:
            assert as_number(found[key][metric]) == pytest.approx(
                expected[metric], abs=1e-9, nan_ok=True
            ), (key, metric)
    assert found["segm"]["ap"] < found["segm_8"]["ap"]


def test_average_precision_by_hand():
    """Two particles; a hit at score 0.9, a false alarm at 0.8, a hit of IoU 0.6 at 0.7.

    At IoU 0.5: precision 1 up to recall 0.5, 2/3 up to recall 1, so AP50 = (51 + 50·2/3)/101.
    """
    first, second = rectangle(2, 2, 20, 5), rectangle(2, 20, 20, 5)
    truth = data_set([[first, second]])
    shifted = rectangle(7, 20, 20, 5)  # 75 of 125 pixels
    predictions = [
        prediction(first, 0.9),
        prediction(rectangle(40, 40, 10, 10), 0.8),
        prediction(shifted, 0.7),
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    assert found["segm"]["ap50"] == pytest.approx(100 * (51 + 50 * 2 / 3) / 101)
    assert found["segm"]["ap75"] == pytest.approx(100 * 51 / 101)
    # thresholds 0.5, 0.55, 0.6 find both, the other seven only the first
    both, one = 100 * (51 + 50 * 2 / 3) / 101, 100 * 51 / 101
    assert found["segm"]["ap"] == pytest.approx((3 * both + 7 * one) / 10)
    assert found["segm"]["apm"] is None and found["segm"]["apl"] is None  # none of that size
    assert found["precision_recall"] == {
        "recall": [0.5, 0.5, 1.0],
        "precision": [1.0, 0.5, 0.666667],
        "envelope": [1.0, 0.666667, 0.666667],
    }
    assert found["counts"]["ground_truth"] == 2
    assert found["counts"]["predictions_score70"] == 3


def test_accuracy_by_hand():
    truth = data_set([[rectangle(0, 0, 10, 10)], [rectangle(0, 0, 4, 5)]])
    predictions = [
        prediction(rectangle(5, 0, 10, 10), 0.7),  # 50 TP, 50 FP, 50 FN
        prediction(rectangle(30, 30, 20, 20), 0.69),  # below the score
        prediction(rectangle(0, 0, 4, 5), 0.9, image_id=1),  # 20 TP
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    assert found["pixels"] == {"tp": 70, "fp": 50, "fn": 50}
    assert found["accuracy"] == pytest.approx(100 * 70 / 170)
    assert [row["accuracy"] for row in found["per_image"]] == [pytest.approx(100 / 3), 100.0]


def test_a_detection_on_an_ignored_outline_counts_neither_for_nor_against():
    certain, doubtful = rectangle(2, 2, 20, 5), rectangle(2, 30, 20, 5)
    truth = data_set([[certain, doubtful]], crowd=[1])
    hit = prediction(certain, 0.8)
    alone = evaluate_predictions(truth, [hit], SETTINGS)
    with_doubtful = evaluate_predictions(
        truth, [hit, prediction(rectangle(2, 30, 15, 5), 0.9)], SETTINGS
    )
    elsewhere = evaluate_predictions(
        truth, [hit, prediction(rectangle(40, 50, 15, 5), 0.9)], SETTINGS
    )
    for key in ("accuracy", "bbox", "segm", "pixels", "precision_recall"):
        assert with_doubtful[key] == alone[key]
    assert alone["segm"]["ap"] == pytest.approx(100)
    assert alone["accuracy"] == 100
    assert elsewhere["segm"]["ap"] == pytest.approx(50)
    assert elsewhere["accuracy"] == pytest.approx(100 * 100 / 175)
    assert alone["counts"]["ignored"] == 1
    assert alone["counts"]["ground_truth"] == 1


def test_pixels_of_a_particle_below_an_ignored_outline_still_count():
    truth, ignored = rectangle(0, 0, 10, 10), rectangle(5, 0, 10, 10)
    predicted = np.zeros((64, 64), dtype=bool)
    classes = classify_pixels(truth, predicted, ignored)
    assert np.bincount(classes.ravel(), minlength=5).tolist() == [64 * 64 - 150, 0, 0, 100, 50]
    predicted[:2] = True
    classes = classify_pixels(truth, predicted, ignored)
    assert (classes == 1).sum() == 20
    assert (classes == 2).sum() == 2 * (64 - 15)
    assert classes.dtype == np.uint8


def test_no_prediction_and_no_annotation():
    truth = data_set([[rectangle(2, 2, 20, 5)], []])
    found = evaluate_predictions(truth, [], SETTINGS)
    assert found["segm"]["ap"] == 0
    assert found["accuracy"] == 0
    assert found["per_image"][1]["accuracy"] is None
    empty = evaluate_predictions(data_set([[]]), [], SETTINGS)
    assert empty["segm"]["ap"] is None
    assert empty["accuracy"] is None
    json.dumps([found, empty], allow_nan=False)


def test_faint_predictions_do_not_count():
    truth = data_set([[rectangle(2, 2, 20, 5)]])
    found = evaluate_predictions(truth, [prediction(rectangle(2, 2, 20, 5), 0.049)], SETTINGS)
    assert found["segm"]["ap"] == 0
    assert found["counts"]["predictions"] == 0


def test_an_annotation_with_id_zero_is_matched_too():
    truth = data_set([[rectangle(2, 2, 20, 5)]])
    truth["annotations"][0]["id"] = 0
    found = evaluate_predictions(truth, [prediction(rectangle(2, 2, 20, 5), 0.9)], SETTINGS)
    assert found["segm"]["ap"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 7}, "prediction 0: no image 7"),
        ({"category_id": 3}, "prediction 0: no category 3"),
        ({"score": 1.5}, "prediction 0: score 1.5"),
        ({"score": float("nan")}, "prediction 0: score nan"),
        ({"segmentation": encode_mask(np.ones((3, 4)))}, r"prediction 0: .*\[3, 4\]"),
    ],
)
def test_predictions_that_do_not_fit_are_named(change, message):
    truth = data_set([[rectangle(2, 2, 20, 5)]])
    wrong = {**prediction(rectangle(2, 2, 20, 5), 0.9), **change}
    with pytest.raises(InputError, match=message):
        evaluate_predictions(truth, [wrong], SETTINGS)


def test_the_inputs_stay_as_they_were():
    truth, predictions = random_case(1)
    before = json.dumps([truth, predictions])
    evaluate_predictions(truth, predictions, SETTINGS)
    assert json.dumps([truth, predictions]) == before
    assert decode_mask(predictions[0]["segmentation"]).shape == (128, 160)
