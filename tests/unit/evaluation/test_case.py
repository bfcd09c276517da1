"""What a case takes, refuses, and resamples together."""

from __future__ import annotations

import json

import numpy as np
import pytest
from evaluation_cases import SETTINGS, data_set, prediction, random_case, rectangle

from synthwire.errors import InputError
from synthwire.evaluation.case import check_inputs, make_case
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import make_annotation
from synthwire.io.masks import decode_mask, encode_mask


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
    case = make_case(*check_inputs(truth, predictions), SETTINGS)
    assert case.units.grid == [(2, 2)]
    assert case.unit_of_truth.tolist() == [0]
    assert case.unit_of_result.tolist() == [0, 3]
    alone = data_set([[]], size=(192, 192))
    case = make_case(*check_inputs(alone, predictions), SETTINGS)
    assert case.unit_of_result.tolist() == [1, 3]
