"""A result against outlines of its image."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from segmentation_cases import rectangles

from synthwire.io.masks import encode_mask
from synthwire.segmentation.comparison import comparison_files
from synthwire.segmentation.result_files import COMPARISON_FILES


def test_evaluation_against_its_own_masks_is_perfect():
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60), (50, 5, 55, 25), scores=[0.9, 0.8, 0.75])
    evaluation = found.evaluate(found.selected)
    assert evaluation["segm"]["ap"] == pytest.approx(100)
    assert evaluation["accuracy"] == 100
    worse = found.select(removed_ids=[2]).evaluate(found.selected)
    assert [worse["thresholds"][0][key] for key in ("tp", "fp", "fn")] == [2, 0, 1]
    files = comparison_files(found, found.selected)
    assert sorted(files) == sorted(COMPARISON_FILES)
    Image.open(io.BytesIO(files["comparison.png"])).verify()


def test_a_false_giant_of_low_score_costs_no_true_particle():
    found = rectangles((0, 0, 60, 80), (20, 20, 40, 60), scores=[0.1, 0.9])
    truth = rectangles((20, 20, 40, 60)).selected
    assert found.evaluate(truth)["segm"]["ap"] == pytest.approx(100)


def test_outlines_count_where_their_image_was_searched():
    """Of four wires the first lies there, of the second more than half, the third's end, none."""
    wires = [(5, 5, 11, 35), (20, 5, 26, 65), (35, 30, 41, 75), (50, 45, 56, 75)]
    truth = rectangles(*wires, scores=[0.9] * 4).selected
    seen = [(5, 5, 11, 35), (20, 5, 26, 40), (35, 30, 41, 40)]
    mask = np.zeros((60, 80), bool)
    mask[:, 40:] = True
    for info in ({"window": [0, 0, 40, 60]}, {"left_out": encode_mask(mask)}):
        found = replace(rectangles(*seen, scores=[0.9] * 3), info={"model": "none", **info})
        evaluation = found.evaluate(truth)
        assert [evaluation["thresholds"][0][key] for key in ("tp", "fp", "fn")] == [2, 0, 0]
        assert evaluation["accuracy"] == 100 and evaluation["counts"]["ignored"] == 1
    whole = replace(found, info={"model": "none"}).evaluate(truth)
    assert [whole["thresholds"][0][key] for key in ("tp", "fp", "fn")] == [2, 1, 2]
