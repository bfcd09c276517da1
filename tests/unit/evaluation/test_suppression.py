from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwire.evaluation import suppression
from synthwire.io.masks import encode_mask

SHAPE = (40, 60)


def result(rows, columns, score, image_id=1, category_id=1):
    """A detection of a rectangle: rows and columns as (begin, end)."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[slice(*rows), slice(*columns)] = True
    return {
        "image_id": image_id,
        "category_id": category_id,
        "score": score,
        "bbox": [columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0]],
        "segmentation": encode_mask(mask),
    }


@st.composite
def rectangles(draw):
    found = []
    for _ in range(draw(st.integers(0, 12))):
        top, left = draw(st.integers(0, 35)), draw(st.integers(0, 55))
        down, across = draw(st.integers(1, 40 - top)), draw(st.integers(1, 60 - left))
        score = draw(st.floats(0.05, 1))
        image = draw(st.integers(1, 2))
        found.append(result((top, top + down), (left, left + across), score, image))
    return found


def test_the_smaller_within_the_larger_goes():
    large = result((0, 20), (0, 40), 0.8)
    nested = result((5, 10), (5, 15), 0.9)
    sticking_out = result((15, 25), (5, 15), 0.9)
    elsewhere = result((5, 10), (5, 15), 0.9, image_id=2)
    everything = [nested, large, sticking_out, elsewhere]
    assert suppression.remove_nested(everything) == [large, sticking_out, elsewhere]
    assert suppression.remove_nested(everything, share=0.5) == [large, elsewhere]


def test_an_unsure_container_removes_nothing():
    large, nested = result((0, 20), (0, 40), 0.3), result((5, 10), (5, 15), 0.9)
    assert suppression.remove_nested([nested, large], container_score=0.7) == [nested, large]


def test_of_doubles_the_surer_stays():
    one, two = result((0, 20), (0, 40), 0.3), result((0, 20), (0, 40), 0.9)
    assert suppression.remove_nested([one, two]) == [two]


def test_a_third_covered_by_two_is_not_nested():
    """Half of it under one wire and half under another: both cross it."""
    crossed = result((10, 14), (0, 20), 0.9)
    left, right = result((0, 40), (0, 10), 0.9), result((0, 40), (10, 20), 0.9)
    assert suppression.remove_nested([crossed, left, right]) == [crossed, left, right]


@settings(max_examples=60, deadline=None)
@given(rectangles())
def test_common_areas_are_those_of_the_pixels(results):
    from synthwire.io.masks import decode_mask

    found = {(i, j): common for i, j, common in suppression.overlapping_pairs(results)}
    masks = [decode_mask(item["segmentation"]) for item in results]
    for i, first in enumerate(results):
        for j in range(i + 1, len(results)):
            common = np.sum(masks[i] & masks[j])
            if first["image_id"] != results[j]["image_id"]:
                common = 0
            assert found.get((i, j), 0) == pytest.approx(common)


@settings(max_examples=60, deadline=None)
@given(rectangles())
def test_what_mask_nms_leaves_does_not_overlap_and_what_it_takes_has_a_reason(results):
    left = suppression.mask_nms(results, 0.5)
    pairs = _ious(results)
    kept = [number for number, item in enumerate(results) if any(item is other for other in left)]
    for number, item in enumerate(results):
        rivals = [
            other
            for other in kept
            if other != number and pairs.get(frozenset((number, other)), 0) > 0.5
        ]
        if number in kept:
            assert not rivals
        else:
            assert any(results[other]["score"] >= item["score"] for other in rivals)


def _ious(results):
    areas = suppression._areas(results)
    return {
        frozenset((i, j)): common / (areas[i] + areas[j] - common)
        for i, j, common in suppression.overlapping_pairs(results)
    }


def test_mask_nms_keeps_other_categories_and_images():
    boxes = [
        result((0, 10), (0, 10), 0.9),
        result((0, 10), (0, 10), 0.8, category_id=2),
        result((0, 10), (0, 10), 0.8, image_id=2),
    ]
    assert suppression.mask_nms(boxes, 0.5) == boxes


def test_soft_nms_lowers_scores_by_the_published_formula():
    one = result((0, 10), (0, 10), 0.9)
    two = result((0, 10), (5, 15), 0.8)  # IoU 1/3 with its neighbours
    three = result((0, 10), (10, 20), 0.7)
    found = suppression.soft_nms([one, two, three], sigma=0.5, minimum_score=0.0)
    assert found[0] == one
    factor = math.exp(-((1 / 3) ** 2) / 0.5)
    # the third is surer than what is left of the second, and comes before it
    assert found[2]["score"] == pytest.approx(0.7)
    assert found[1]["score"] == pytest.approx(0.8 * factor * factor)
    assert two["score"] == 0.8
    few = suppression.soft_nms([one, two, three], sigma=0.5, minimum_score=0.6)
    assert [item["score"] for item in few] == [0.9, pytest.approx(0.7)]


def test_no_detections_at_all():
    assert suppression.remove_nested([]) == []
    assert suppression.mask_nms([], 0.5) == []
    assert suppression.soft_nms([], sigma=0.5, minimum_score=0) == []
