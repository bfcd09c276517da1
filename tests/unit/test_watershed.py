"""The watershed finds what a watershed can find, and is tuned on what it is shown."""

import itertools

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.io.coco import make_annotation
from synthwire.io.masks import decode_mask, encode_mask
from synthwire.watershed import (
    Watershed,
    apply_watershed,
    best_parameters,
    label_regions,
    rank_results,
    regions_as_results,
    tune_watershed,
)

SETTINGS = {
    "accuracy_score": 0.7,
    "area_limits_px": [1024, 9216],
    "detections": [100, 500],
    "bootstrap_replicates": 1000,
}
GRID = {
    "threshold": [0.5, 1],
    "smoothing_px": [0, 2],
    "depth_px": [0.5, 2, 40],
    "min_area_px": [0, 100],
    "order": ["area", "solidity"],
}


def scene(masks):
    """Image in which thicknesses add up, blurred; and its COCO data set with image id 7."""
    image = ndimage.gaussian_filter(90.0 * np.sum(masks, axis=0), 1)
    truth = {
        "images": [{"id": 7, "height": image.shape[0], "width": image.shape[1]}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(k, 7, encode_mask(mask)) for k, mask in enumerate(masks, start=1)
        ],
    }
    return np.rint(image).astype(np.uint8), truth


def disks(*centres, radius=16):
    masks = np.zeros((len(centres), 90, 120), dtype=bool)
    for mask, centre in zip(masks, centres, strict=True):
        mask[disk(centre, radius)] = True
    return masks


@pytest.fixture
def touching():
    return scene(disks((45, 35), (45, 64)))


@pytest.fixture
def crossing():
    masks = np.zeros((2, 90, 120), dtype=bool)
    masks[0, 38:52, 5:115] = masks[1, 5:85, 52:66] = True
    return scene(masks)


def test_touching_particles_are_parted_by_depth(touching):
    image, truth = touching
    parted = label_regions(image, 1, 1, 1)
    assert parted.max() == 2
    for item, region in itertools.product(truth["annotations"], (1, 2)):
        mask = decode_mask(item["segmentation"])
        overlap = (mask & (parted == region)).sum() / (mask | (parted == region)).sum()
        assert overlap > 0.85 or overlap < 0.1
    assert label_regions(image, 1, 1, 40).max() == 0  # no maximum is that far above its saddle


def test_crossing_wires_cannot_come_out(crossing):
    image, truth = crossing
    search = tune_watershed([(7, image)], truth, GRID, SETTINGS)
    assert search["ap50_segm"].max() < 60  # each pixel can belong to one wire only
    labels = label_regions(image, 0.5, 1, 1)
    results = regions_as_results(labels, 7)
    assert sum(item["area"] for item in results) == (labels > 0).sum()


def test_an_empty_image_has_no_regions():
    assert label_regions(np.zeros((20, 30), np.uint8), 1, 1, 1).max() == 0
    assert (
        apply_watershed([(1, np.zeros((20, 30), np.uint8))], Watershed(1, 1, 1, 0, "area"), 0) == []
    )


def test_ranks_lie_between_the_least_score_and_one(touching):
    image, _ = touching
    regions = regions_as_results(label_regions(image, 1, 1, 1), 7)
    regions[0]["area"], regions[1]["area"] = 100.0, 400.0
    ranked = rank_results(regions, 0, "area", 0.7)
    assert [item["score"] for item in ranked] == pytest.approx([0.775, 1.0])
    assert {*ranked[0]} == {"image_id", "category_id", "segmentation", "bbox", "score"}
    assert len(rank_results(regions, 101, "area", 0.7)) == 1


def test_the_search_measures_what_the_parameters_then_give(touching):
    image, truth = touching
    other = {"id": 8, "height": 90, "width": 120}  # an image that the search is not shown
    search = tune_watershed(
        [(7, image)], {**truth, "images": [*truth["images"], other]}, GRID, SETTINGS
    )
    assert len(search) == 2 * 2 * 3 * 2 * 2
    assert search["ap_segm"].is_monotonic_decreasing
    best = best_parameters(search)
    assert best.depth_px < 40
    results = apply_watershed([(7, image)], best, 0.7)
    found = evaluate_predictions(truth, results, {**SETTINGS, "bootstrap_replicates": 0})
    assert found["segm"]["ap"] == pytest.approx(search["ap_segm"].iloc[0])
    assert found["counts"]["predictions_score70"] == len(results) == 2
