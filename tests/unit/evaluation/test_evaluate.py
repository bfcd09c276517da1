"""All metrics of a model together."""

from __future__ import annotations

import json

import pytest
from evaluation_cases import (
    ROOT,
    SETTINGS,
    data_set,
    prediction,
    random_case,
    rectangle,
    with_images,
)

from synthwire.evaluation.evaluate import evaluate_predictions


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


def test_the_same_input_gives_the_same_result():
    truth, predictions = random_case(5)
    first = evaluate_predictions(truth, predictions, with_images())
    assert first == evaluate_predictions(truth, predictions, with_images())
