"""Metrics against pycocotools and against cases worked out by hand."""

import contextlib
import copy
import io
import json
import math
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.stats
import yaml
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from synthwire.errors import InputError
from synthwire.evaluation import (
    bootstrap_interval,
    classify_pixels,
    draws_of,
    interval_of,
    paired_difference,
    value_of,
)
from synthwire.evaluation.average_precision import coco_metrics
from synthwire.evaluation.boundary import outline_counts
from synthwire.evaluation.case import check_inputs, lay_out_case
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.evaluation.matching import match_by_area
from synthwire.evaluation.pixels import pixel_accuracy
from synthwire.io.coco import make_annotation
from synthwire.io.masks import decode_mask, encode_mask

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


@st.composite
def small_cases(draw):
    """Few boxes on a small grid: many ties of scores and overlaps, two categories, crowds."""
    place, side = st.integers(0, 40), st.sampled_from([3, 8, 20, 40])

    def mask():
        return rectangle(draw(place), draw(place), draw(side), draw(side))

    groups = [[mask() for _ in range(draw(st.integers(0, 4)))] for _ in range(3)]
    truth = data_set(groups)
    truth["categories"].append({"id": 2, "name": "nanoflake"})
    for item in truth["annotations"]:
        item["iscrowd"] = draw(st.sampled_from([0, 0, 0, 1]))
        item["category_id"] = draw(st.sampled_from([1, 1, 2]))
    predictions = []
    for image_id, group in enumerate(groups):
        for _ in range(draw(st.integers(0, 6))):
            found = draw(st.sampled_from(group)) if group and draw(st.booleans()) else mask()
            predictions.append(
                {
                    **prediction(found, draw(st.sampled_from([0.1, 0.5, 0.9])), image_id),
                    "category_id": draw(st.sampled_from([1, 1, 2])),
                }
            )
    return truth, predictions


@hypothesis.given(small_cases())
@hypothesis.settings(max_examples=60, deadline=None)
def test_ties_categories_and_crowds_are_treated_as_by_pycocotools(case):
    truth, predictions = case
    hypothesis.assume(predictions)  # COCO.loadRes takes no empty list
    found = evaluate_predictions(truth, predictions, {**SETTINGS, "bootstrap_replicates": 0})
    for kind in ("bbox", "segm"):
        expected = reference(truth, predictions, kind)
        for metric in METRICS:
            assert as_number(found[kind][metric]) == pytest.approx(
                expected[metric], abs=1e-9, nan_ok=True
            ), (kind, metric)


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


@pytest.mark.parametrize(
    ("images", "box", "mask", "mask_50", "recall", "accuracy"),
    [
        ("ptychography", 66.8, 55.6, 89.6, 92.0, 89.5),
        ("stxm", 33.3, 32.4, 81.3, 90.7, 80.4),
        ("sem", 57.7, 48.2, 82.3, 93.0, 87.4),
    ],
)
def test_agreement_of_two_annotators_of_the_real_images(
    images, box, mask, mask_50, recall, accuracy
):
    """The second annotator's outlines scored like predictions, against numbers found elsewhere."""
    first, second = (
        json.loads((ROOT / f"resources/annotations/{images}{which}.json").read_text())
        for which in ("", "_second")
    )
    for item in first["annotations"]:
        item["iscrowd"] = int(item["attributes"]["confidence"] == "low")
    predictions = [
        {"image_id": 1, "category_id": 1, "score": 1.0, "segmentation": item["segmentation"]}
        for item in second["annotations"]
    ]
    settings = {**SETTINGS, "bootstrap_replicates": 0}
    found = evaluate_predictions(first, predictions, settings)
    # all outlines count; with equal scores, COCO's 100 an image would be a matter of order
    assert found["bbox_500"]["ap"] == pytest.approx(box, abs=0.5)
    assert found["segm_500"]["ap"] == pytest.approx(mask, abs=0.5)
    assert found["segm_500"]["ap50"] == pytest.approx(mask_50, abs=0.5)
    assert found["thresholds"][0]["recall"] == pytest.approx(recall, abs=3)
    assert found["accuracy"] == pytest.approx(accuracy, abs=1)


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


# Instances


def test_counts_per_threshold_panoptic_quality_and_count_error_by_hand():
    """Three particles, one found exactly, one with IoU 0.6, one missed; two false alarms."""
    truth = data_set([[rectangle(2, 2, 20, 5), rectangle(2, 20, 20, 5)], [rectangle(2, 40, 20, 5)]])
    predictions = [
        prediction(rectangle(2, 2, 20, 5), 0.9),
        prediction(rectangle(7, 20, 20, 5), 0.8),
        prediction(rectangle(40, 40, 10, 10), 0.75),
        prediction(rectangle(40, 5, 10, 10), 0.7),
        prediction(rectangle(2, 40, 20, 5), 0.69, image_id=1),  # right, but below the score
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    at_50, at_75 = found["thresholds"][0], found["thresholds"][5]
    assert (at_50["iou"], at_50["tp"], at_50["fp"], at_50["fn"]) == (0.5, 2, 2, 1)
    assert at_50["precision"] == pytest.approx(50)
    assert at_50["recall"] == pytest.approx(200 / 3)
    assert at_50["f1"] == pytest.approx(100 * 2 * 2 / (2 * 2 + 2 + 1))
    assert (at_75["iou"], at_75["tp"], at_75["fp"], at_75["fn"]) == (0.75, 1, 3, 2)
    assert found["panoptic"]["pq"] == pytest.approx(100 * 1.6 / (2 + 1 + 0.5))
    assert found["panoptic"]["sq"] == pytest.approx(80)
    assert found["panoptic"]["rq"] == pytest.approx(at_50["f1"])
    assert found["count"]["annotated"] == 3 and found["count"]["predicted"] == 4
    assert found["count"]["error"] == 1
    assert found["count"]["relative_error"] == pytest.approx(100 / 3)
    assert found["count"]["mean_absolute_error"] == pytest.approx((2 + 1) / 2)


def test_instances_on_ignored_outlines_are_not_counted():
    truth = data_set([[rectangle(2, 2, 20, 5), rectangle(2, 30, 20, 5)]], crowd=[1])
    predictions = [
        prediction(rectangle(2, 2, 20, 5), 0.9),
        prediction(rectangle(2, 30, 9, 5), 0.9),  # two pieces of one doubtful outline
        prediction(rectangle(12, 30, 9, 5), 0.9),
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    assert (found["thresholds"][0]["tp"], found["thresholds"][0]["fp"]) == (1, 0)
    assert found["panoptic"]["pq"] == pytest.approx(100)
    assert found["count"]["error"] == 0


# Outlines


def outline_length(width, height):
    return 2 * (width + height) - 4


def test_boundary_f1_by_hand():
    truth = data_set([[rectangle(10, 10, 20, 8)]])
    exact = evaluate_predictions(truth, [prediction(rectangle(10, 10, 20, 8), 0.9)], SETTINGS)
    assert exact["boundary"] == {"precision": 100, "recall": 100, "f1": 100}
    shifted = [prediction(rectangle(12, 10, 20, 8), 0.9)]
    assert evaluate_predictions(truth, shifted, SETTINGS)["boundary"]["f1"] == 100
    # without tolerance only the long sides coincide, over 18 pixels each
    strict = evaluate_predictions(truth, shifted, {**SETTINGS, "boundary_tolerance_px": 0})
    assert strict["boundary"]["precision"] == pytest.approx(100 * 36 / outline_length(20, 8))
    assert strict["boundary"]["recall"] == pytest.approx(100 * 36 / outline_length(20, 8))
    # twice the outlines, half of them right, all of the true ones found
    more = [prediction(rectangle(10, 10, 20, 8), 0.9), prediction(rectangle(10, 40, 20, 8), 0.9)]
    scores = evaluate_predictions(truth, more, SETTINGS)["boundary"]
    assert (scores["precision"], scores["recall"]) == (50, 100)
    assert scores["f1"] == pytest.approx(100 * 2 / 3)
    nothing = evaluate_predictions(truth, [], SETTINGS)["boundary"]
    assert nothing["precision"] is None and nothing["recall"] == 0


def test_the_edge_of_the_image_and_ignored_outlines_are_no_boundary():
    # rows 10…17 of the whole width: only the upper and lower side are outlines
    band = rectangle(0, 10, 64, 8)
    truth = data_set([[band, rectangle(20, 40, 20, 8)]], crowd=[1])
    predictions = [prediction(rectangle(0, 10, 60, 8), 0.9)]
    strict = {**SETTINGS, "boundary_tolerance_px": 0}
    scores = evaluate_predictions(truth, predictions, strict)["boundary"]
    assert scores["recall"] == pytest.approx(100 * 120 / 128)
    assert scores["precision"] == pytest.approx(100 * 120 / 126)
    predictions.append(prediction(rectangle(22, 42, 10, 4), 0.9))  # inside the doubtful outline
    assert evaluate_predictions(truth, predictions, strict)["boundary"] == scores


# Crossing particles


def test_average_precision_by_overlap_by_hand():
    """A free particle found, two that cover a quarter of each other of which one is missed."""
    free, first, second = rectangle(2, 2, 20, 5), rectangle(10, 40, 20, 5), rectangle(25, 40, 5, 20)
    truth = data_set([[free, first, second]])
    predictions = [
        prediction(free, 0.9),
        prediction(rectangle(10, 40, 20, 5), 0.8),
        prediction(rectangle(40, 2, 10, 10), 0.7),  # a free false alarm
    ]
    settings = {**SETTINGS, "overlap_limits": [0.1, 0.25, 0.5]}
    low, middle, crossing, covered = evaluate_predictions(truth, predictions, settings)["overlap"]
    assert (low["low"], low["high"], low["ground_truth"]) == (0, 0.1, 1)
    assert low["ap"] == pytest.approx(100)  # the false alarm comes after the hit
    assert middle["ground_truth"] == 0 and middle["ap"] is None
    assert (crossing["low"], crossing["ground_truth"]) == (0.25, 2)
    assert crossing["recall50"] == 50
    assert crossing["ap"] == pytest.approx(100 * 51 / 101)
    assert covered["ground_truth"] == 0
    # the false alarm is a free one: before the hits it harms the free particles' AP alone
    predictions[2]["score"] = 0.95
    low, _, crossing, _ = evaluate_predictions(truth, predictions, settings)["overlap"]
    assert low["ap"] == pytest.approx(50)
    assert crossing["ap"] == pytest.approx(100 * 51 / 101)


def test_average_precision_by_overlap_has_intervals_where_there_are_particles():
    truth, predictions = random_case(4, images=30, size=(64, 80))
    found = evaluate_predictions(truth, predictions, with_images())
    enough = [part["ground_truth"] >= 5 for part in found["overlap"]]
    assert enough == [True, False, True]
    for number, part in enumerate(found["overlap"]):
        metric = f"overlap_{number}"
        low, high = interval_of(found, metric)
        assert value_of(found, metric) == part["ap"]
        assert len(draws_of(found, metric)) == 200
        assert low < part["ap"] < high if enough[number] else math.isnan(low)


def test_nested_masks_cost_precision_until_they_are_removed():
    truth = data_set([[rectangle(5, 5, 40, 10), rectangle(5, 40, 40, 10)]])
    predictions = [
        prediction(rectangle(5, 5, 40, 10), 0.9),
        prediction(rectangle(8, 7, 20, 6), 0.85),  # within the first
        prediction(rectangle(5, 40, 40, 10), 0.8),
    ]
    found = evaluate_predictions(truth, predictions, SETTINGS)
    # precision at a recall beyond one half: 2/3 at IoU 0.5 … 0.95
    assert found["segm"]["ap"] == pytest.approx(100 * (51 + 50 * 2 / 3) / 101)
    assert found["segm_unnested"]["ap"] == pytest.approx(100)
    # an unsure mask about both removes none of them
    unsure = [*predictions, prediction(rectangle(4, 4, 44, 50), 0.1)]
    assert evaluate_predictions(truth, unsure, SETTINGS)["segm_unnested"]["ap"] > 99


def test_overlap_with_a_doubtful_outline_counts_as_overlap():
    free, doubtful = rectangle(10, 40, 20, 5), rectangle(20, 40, 20, 5)
    truth = data_set([[free, doubtful]], crowd=[1])
    settings = {**SETTINGS, "overlap_limits": [0.3]}
    rows = evaluate_predictions(truth, [prediction(free, 0.9)], settings)["overlap"]
    assert [row["ground_truth"] for row in rows] == [0, 1]


# Uncertainty


def with_images():
    return {**SETTINGS, "bootstrap_images": 5, "bootstrap_replicates": 200}


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_a_draw_is_worth_what_pycocotools_says_of_the_drawn_images(kind):
    truth, predictions = random_case(8)
    weights = np.array([2, 0, 1, 3, 0, 1])
    drawn = {**truth, "images": [], "annotations": []}
    drawn_predictions = []
    for image, number in zip(truth["images"], weights, strict=True):
        for copy_number in range(number):
            identity = 100 * image["id"] + copy_number + 1
            drawn["images"].append({**image, "id": identity})
            for item in truth["annotations"]:
                if item["image_id"] == image["id"]:
                    drawn["annotations"].append(
                        {**item, "image_id": identity, "id": len(drawn["annotations"]) + 1}
                    )
            drawn_predictions.extend(
                {**item, "image_id": identity}
                for item in predictions
                if item["image_id"] == image["id"]
            )
    expected = reference(drawn, drawn_predictions, kind)
    settings = with_images()
    checked, results = check_inputs(truth, predictions)
    case = lay_out_case(checked, results, settings)
    assert case.units.kind == "image"
    matching = match_by_area(case, kind, settings["area_limits_px"])
    found = coco_metrics(matching, weights[None, :], limit=100)
    for metric in METRICS:
        assert found[metric][0] == pytest.approx(expected[metric], abs=1e-9, nan_ok=True)


def test_intervals_hold_the_value_and_narrow_with_more_images():
    widths = []
    for images in (8, 100):
        truth, predictions = random_case(4, images=images, size=(64, 80))
        found = evaluate_predictions(truth, predictions, with_images())
        uncertainty = found["uncertainty"]
        assert (uncertainty["unit"], uncertainty["units"]) == ("image", images)
        intervals = uncertainty["intervals"]
        for value, (low, high) in (
            (found["accuracy"], intervals["accuracy"]),
            (found["bbox"]["ap"], intervals["bbox_ap"]),
            (found["segm"]["ap"], intervals["segm_ap"]),
            (found["segm"]["ap50"], intervals["segm_ap50"]),
            (found["panoptic"]["pq"], intervals["pq"]),
            (found["thresholds"][0]["f1"], intervals["f1_50"]),
            (found["boundary"]["f1"], intervals["boundary_f1"]),
            (found["count"]["relative_error"], intervals["relative_count_error"]),
        ):
            assert low < value < high
        low, high = intervals["segm_ap"]
        widths.append(high - low)
        assert len(uncertainty["draws"]["segm_ap"]) == 200
    # ten times the images: about √10 narrower
    assert 1.8 < widths[0] / widths[1] < 6


def test_few_images_are_resampled_by_blocks():
    truth, predictions = random_case(4, images=2, size=(192, 300))
    found = evaluate_predictions(truth, predictions, SETTINGS)["uncertainty"]
    assert (found["unit"], found["units"]) == ("block", 2 * 2 * 3)
    low, high = found["intervals"]["segm_ap"]
    assert low < high


def test_a_detection_is_resampled_with_its_particle():
    """A particle's middle lies in one block, its half-found detection's middle in another."""
    truth = data_set([[rectangle(40, 40, 40, 8)]], size=(192, 192))
    predictions = [
        prediction(rectangle(85, 40, 40, 8, (192, 192)), 0.9),
        prediction(rectangle(150, 150, 20, 8, (192, 192)), 0.8),
    ]
    truth["annotations"][0].update(
        make_annotation(1, 0, encode_mask(rectangle(60, 40, 40, 8, (192, 192))))
    )
    case = lay_out_case(*check_inputs(truth, predictions), SETTINGS)
    assert case.units.grid == [(2, 2)]
    assert case.unit_of_truth.tolist() == [0]
    assert case.unit_of_result.tolist() == [0, 3]
    alone = data_set([[]], size=(192, 192))
    case = lay_out_case(*check_inputs(alone, predictions), SETTINGS)
    assert case.unit_of_result.tolist() == [1, 3]


def test_pixels_are_resampled_with_their_particle():
    """A wire across both blocks is one unit's, and so are the false pixels of its detection."""
    size = (96, 192)
    truth = data_set([[rectangle(60, 20, 100, 4, size)]], size=size)
    predictions = [
        prediction(rectangle(50, 20, 100, 4, size), 0.9),
        prediction(rectangle(5, 60, 20, 4, size), 0.8),
    ]
    case = lay_out_case(*check_inputs(truth, predictions), SETTINGS)
    _, counts = pixel_accuracy(case, 0.7)
    # unit 1 has the wire: TP 90 × 4, FP 10 × 4, FN 10 × 4; unit 0 the false alarm
    assert counts.tolist() == [[0, 80, 0], [360, 40, 40]]
    outlines = outline_counts(case, 0.7, 0)
    assert outlines[0].tolist() == [0, 2 * (20 + 4) - 4, 0, 0]
    assert outlines[1, [1, 3]].tolist() == [2 * (100 + 4) - 4] * 2


def test_bootstrap_interval_of_a_mean_is_students():
    """Of means of normal values the bootstrap interval is close to the exact t interval."""
    rng = np.random.default_rng(4)
    held, widths, exact = 0, [], []
    for _ in range(400):
        values = rng.normal(10, 2, 12)
        weights = rng.multinomial(12, np.full(12, 1 / 12), size=1000)
        low, high = bootstrap_interval(weights @ values / 12, values.mean(), 12, 95)
        held += low <= 10 <= high
        widths.append(high - low)
        exact.append(2 * scipy.stats.t.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12))
    assert 0.92 < held / 400 < 0.98
    assert np.mean(widths) == pytest.approx(np.mean(exact), rel=0.05)


def test_intervals_stay_within_0_and_100_percent():
    truth, _ = random_case(6, images=12, size=(64, 80))
    exact = [
        {**item, "score": 0.9, "category_id": 1}
        for item in truth["annotations"]
        if not item["iscrowd"]
    ][2:]
    found = evaluate_predictions(truth, exact, with_images())
    low, high = found["uncertainty"]["intervals"]["segm_ap"]
    assert 60 < low < found["segm"]["ap"] <= high <= 100
    nothing = evaluate_predictions(truth, [], with_images())["uncertainty"]["intervals"]
    assert nothing["segm_ap"] == nothing["accuracy"] == [0, 0]
    assert nothing["relative_count_error"] == [-100, -100]


def test_bootstrap_interval_takes_the_bias_off():
    draws = np.linspace(11, 15, 1001)  # the replicates lie 2 above the value, as it above the truth
    low, high = bootstrap_interval(draws, 11.0, 1000, 90)
    # 90 % of [11, 15], four lower; the value itself stays inside
    assert low == pytest.approx(7.2, abs=0.01)
    assert high == 11
    assert np.isnan(bootstrap_interval(np.full(5, np.nan), 3.0, 10, 95)).all()


def test_too_little_to_resample_gives_no_interval():
    truth = data_set([[rectangle(2, 2, 20, 5)]])
    found = evaluate_predictions(truth, [], SETTINGS)["uncertainty"]
    assert found["units"] == 1
    assert found["intervals"] is None and found["draws"] is None
    assert "uncertainty" not in evaluate_predictions(
        truth, [], {**SETTINGS, "bootstrap_replicates": 0}
    )


def test_models_are_compared_in_pairs():
    truth, predictions = random_case(4, images=40, size=(64, 80))
    rng = np.random.default_rng(0)
    slightly_worse = [item for item in predictions if rng.random() > 0.1]
    settings = with_images()
    better = evaluate_predictions(truth, predictions, settings)
    worse = evaluate_predictions(truth, slightly_worse, settings)
    found = paired_difference(better, worse)
    assert found["difference"] == pytest.approx(better["segm"]["ap"] - worse["segm"]["ap"])
    assert found["low"] < found["difference"] < found["high"]
    same = paired_difference(better, better)
    assert same == {"difference": 0, "low": 0, "high": 0, "p": 1}
    # in pairs much narrower than the models' own intervals
    own_low, own_high = better["uncertainty"]["intervals"]["segm_ap"]
    assert found["high"] - found["low"] < (own_high - own_low) / 2
    nothing = evaluate_predictions(truth, [], settings)
    clear = paired_difference(better, nothing)
    assert clear["low"] > 0 and clear["p"] <= 0.01
    assert paired_difference(nothing, better)["high"] < 0


def test_models_that_were_drawn_differently_cannot_be_compared():
    truth, predictions = random_case(4, images=6)
    one = evaluate_predictions(truth, predictions, with_images())
    other = evaluate_predictions(truth, predictions, {**with_images(), "bootstrap_replicates": 50})
    with pytest.raises(InputError, match="replicates 200 and 50"):
        paired_difference(one, other)


def test_the_same_input_gives_the_same_result():
    truth, predictions = random_case(5)
    first = evaluate_predictions(truth, predictions, with_images())
    assert first == evaluate_predictions(truth, predictions, with_images())
