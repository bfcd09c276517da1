"""Wires traced through crossings: bars whose masks are known."""

from __future__ import annotations

import numpy as np
import pytest

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.tracing import Tracing, apply_tracing, trace_wires, tune_tracing, wires_of

SIZE = (140, 140)


def bar(angle_deg, length=110, width=9, middle=(70, 70)):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(float)
    angle = np.radians(angle_deg)
    down, across = rows - middle[0], columns - middle[1]
    along = across * np.cos(angle) - down * np.sin(angle)
    beside = across * np.sin(angle) + down * np.cos(angle)
    return (abs(along) <= length / 2) & (abs(beside) <= width / 2)


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def matched(masks, truth):
    return [max((overlap(mask, true) for mask in masks), default=0.0) for true in truth]


@pytest.mark.parametrize("angle", [0, 30, 45, 90])
def test_one_bar_is_one_wire(angle):
    (mask,) = wires_of(bar(angle), spur=1, bend_deg=40)
    assert overlap(mask, bar(angle)) > 0.85


@pytest.mark.parametrize(("first", "second"), [(0, 90), (20, 80), (-30, 30), (10, 135)])
def test_two_bars_that_cross_are_two_wires_with_their_crossing(first, second):
    truth = [bar(first), bar(second)]
    masks = wires_of(truth[0] | truth[1], spur=1, bend_deg=40)
    assert len(masks) == 2
    assert min(matched(masks, truth)) > 0.8
    assert (masks[0] & masks[1]).sum() > 0.6 * (truth[0] & truth[1]).sum()


def test_three_bars_that_cross_in_three_places_are_three_wires():
    truth = [
        bar(0, middle=(90, 70)),
        bar(60, middle=(65, 50)),
        bar(120, middle=(65, 90)),
    ]
    masks = wires_of(truth[0] | truth[1] | truth[2], spur=0.5, bend_deg=40)
    assert len(masks) == 3
    assert min(matched(masks, truth)) > 0.75


def test_a_bar_that_ends_on_another_goes_on_in_neither_of_its_arms():
    stem = bar(90, length=50, middle=(95, 70))
    masks = wires_of(bar(0) | stem, spur=0.5, bend_deg=40)
    assert len(masks) == 2
    assert min(matched(masks, [bar(0), stem])) > 0.7


def test_small_wires_are_dropped_and_an_empty_image_has_none():
    small = bar(0, length=14, middle=(20, 20))
    assert len(wires_of(bar(0) | small, 1, 40, min_area_px=300)) == 1
    assert wires_of(np.zeros(SIZE, bool), 1, 40) == []
    assert trace_wires(np.full(SIZE, 7, np.uint8), Tracing(1, 0, 1, 40, 0)) == []


def test_the_search_finds_what_scores_best():
    truth_masks = [bar(0), bar(90)]
    image = 100 * truth_masks[0].astype(np.uint8) + 100 * truth_masks[1].astype(np.uint8)
    results = apply_tracing([(3, image)], Tracing(0.8, 0, 1, 40, 0), 0.7)
    assert len(results) == 2
    assert {item["image_id"] for item in results} == {3}
    assert all(0.7 <= item["score"] <= 1 for item in results)
    truth = {
        "images": [{"id": 3, "height": SIZE[0], "width": SIZE[1]}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(number, 3, encode_mask(mask))
            for number, mask in enumerate(truth_masks, start=1)
        ],
    }
    grid = {"threshold": [0.8], "smoothing_px": [0], "spur": [1], "bend_deg": [0.01, 40],
            "min_area_px": [0]}  # fmt: skip
    evaluation = {"accuracy_score": 0.7, "area_limits_px": [1024, 9216], "detections": [100, 500]}
    search = tune_tracing([(3, image)], truth, grid, evaluation)
    assert search["ap_segm"].is_monotonic_decreasing
    assert search["ap50_segm"].iloc[0] == pytest.approx(100)
