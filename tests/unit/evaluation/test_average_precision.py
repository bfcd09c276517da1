"""Average precision against pycocotools and against a case worked out by hand."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from evaluation_cases import (
    METRICS,
    SETTINGS,
    as_number,
    data_set,
    prediction,
    random_case,
    rectangle,
    reference,
    with_images,
)

from synthwire.evaluation.average_precision import coco_metrics
from synthwire.evaluation.case import check_inputs, make_case
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.evaluation.matching import match_by_area


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
    case = make_case(checked, results, settings)
    assert case.units.kind == "image"
    matching = match_by_area(case, kind, settings["area_limits_px"])
    found = coco_metrics(matching, weights[None, :], limit=100)
    for metric in METRICS:
        assert found[metric][0] == pytest.approx(expected[metric], abs=1e-9, nan_ok=True)
