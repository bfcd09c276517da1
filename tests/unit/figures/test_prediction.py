"""Predicted instances and the map of pixels."""

from __future__ import annotations

import numpy as np
import pytest
import standin_results as standin
from matplotlib.colors import to_rgb
from standin_results import evaluation, image_set

from synthwire.datasets import annotated_images
from synthwire.errors import InputError
from synthwire.figures.kit import style
from synthwire.figures.prediction import (
    crowded_window,
    draw_prediction,
    find_image,
    median_image,
    paint_classes,
)
from synthwire.io.files import read_json


def test_median_image_is_neither_best_nor_worst():
    rows = [(1, 90.0), (2, None), (3, 10.0), (4, 50.0), (5, 60.0)]
    listed = {"per_image": [{"image_id": i, "accuracy": a} for i, a in rows]}
    assert median_image(listed) == 4
    with pytest.raises(InputError, match="no image has an accuracy"):
        median_image({"per_image": [{"image_id": 1, "accuracy": None}]})


def test_prediction_states_the_accuracy_that_was_evaluated(results):
    pictures = image_set(results, "simulated_stxm")
    stored = evaluation(results, "03", "simulated_stxm")
    predictions = read_json(results / "predictions/03/simulated_stxm.json")
    for row in stored["per_image"]:
        picture = find_image(pictures, row["image_id"])
        facts = draw_prediction(picture, predictions, "03", stored).facts
        assert facts["accuracy"] == pytest.approx(row["accuracy"])
        assert facts["instances"] == row["predictions"]
        assert facts["pixels"]["fn"] == row["fn"]


@pytest.mark.parametrize("name", ["safe", "paper"])
def test_pixel_colours(name):
    colours = style.PIXEL_COLOURS[name]
    image = paint_classes(np.arange(5, dtype=np.uint8)[None], colours)
    expected = [colours.background, colours.true_positive, colours.false_positive]
    expected += [colours.false_negative, colours.ignored]
    assert image[0] / 255 == pytest.approx(np.array([to_rgb(c) for c in expected]), abs=2e-3)


def test_unknown_pixel_colours_are_refused(results):
    picture = image_set(results, "sem")[0]
    with pytest.raises(InputError, match="'rainbow' is not one of 'safe', 'paper'"):
        draw_prediction(picture, [], "01", {}, pixel_colours="rainbow")


def test_crowded_window_holds_the_crossing(results):
    masks = np.zeros((2, 90, 120), dtype=bool)
    masks[0, 70:76] = masks[1, :, 95:101] = True
    annotations = tuple(
        standin.make_annotation(k + 1, 1, standin.encode_mask(mask)) for k, mask in enumerate(masks)
    )
    picture = annotated_images.AnnotatedImage(results, 0, 1, 120, 90, "two bars", annotations)
    x, y, width, height = crowded_window(picture)
    assert (width, height) == (40, 30)
    assert x <= 95 and x + width >= 101 and y <= 70 and y + height >= 76
