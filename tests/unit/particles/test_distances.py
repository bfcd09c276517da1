"""Distances between the distributions of particles."""

import numpy as np
import pytest
from particle_cases import SETTINGS, image, mask_of

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.particles.distances import (
    FEATURES,
    circular_wasserstein,
    compare_distributions,
    kuiper,
    mean_direction,
)
from synthwire.particles.table import particle_statistics


def test_circular_distances_do_not_depend_on_where_angles_start():
    rng = np.random.default_rng(3)
    first, second = rng.normal(2, 8, 60) % 180, rng.normal(172, 8, 45) % 180
    distance = circular_wasserstein(first, second, 180)
    assert 7 < distance < 13  # about ten degrees apart, across the seam
    ks, p = kuiper(first, second, 180)
    for shift in (10, 77, 90, 179):
        turned = (first + shift) % 180, (second + shift) % 180
        assert circular_wasserstein(*turned, 180) == pytest.approx(distance)
        assert kuiper(*turned, 180) == (pytest.approx(ks), pytest.approx(p))


def test_circular_wasserstein_by_hand():
    assert circular_wasserstein(np.array([5.0]), np.array([175.0]), 180) == pytest.approx(10)
    assert circular_wasserstein(np.array([0.0]), np.array([90.0]), 180) == pytest.approx(90)
    first, second = np.array([10.0, 100.0]), np.array([20.0, 130.0])
    assert circular_wasserstein(first, second, 180) == pytest.approx(20)
    assert circular_wasserstein(first, first, 180) == 0
    assert mean_direction(np.array([170.0, 20.0]), 180) == pytest.approx(5)


def test_kuiper_rejects_as_often_as_it_says():
    rng = np.random.default_rng(11)
    p = np.array(
        [kuiper(rng.uniform(0, 180, 40), rng.uniform(0, 180, 60), 180)[1] for _ in range(2000)]
    )
    assert 0.03 < np.mean(p < 0.05) < 0.07
    far = kuiper(rng.normal(40, 5, 40), rng.normal(80, 5, 60), 180)
    assert far[0] > 0.9 and far[1] < 1e-6
    same = np.arange(0.0, 180, 3)
    assert kuiper(same, same, 180) == (0, 1)


def test_distances_between_distributions():
    truth = {
        "images": [image(6.0)],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(k + 1, 1, encode_mask(mask_of(5, 8 * k, 20 + 5 * k, 4)))
            for k in range(9)
        ],
    }
    predictions = [
        {
            "image_id": 1,
            "category_id": 1,
            "score": 0.9,
            "segmentation": encode_mask(mask_of(5, 8 * k, 22 + 5 * k, 4)),
        }
        for k in range(9)
    ]
    found = compare_distributions(particle_statistics(truth, predictions, SETTINGS))
    assert list(found["feature"]) == list(FEATURES)
    found = found.set_index("feature")
    assert found.loc["length_px", "wasserstein"] == pytest.approx(2)
    assert found.loc["length_nm", "wasserstein"] == pytest.approx(12)
    assert found.loc["area_px", "wasserstein"] == pytest.approx(8)
    spread = np.std(20 + 5 * np.arange(9))
    assert found.loc["length_px", "wasserstein_relative"] == pytest.approx(2 / spread)
    assert found.loc["length_px", "median_annotated"] == 40
    assert found.loc["length_px", "ks"] == pytest.approx(1 / 9)
    assert found.loc["width_px", "wasserstein"] == 0
    assert found.loc["orientation_deg", "p"] == 1
    assert (found["annotated"] == 9).all()


def test_without_predictions_there_are_no_distances():
    truth = {
        "images": [image(None)],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [make_annotation(1, 1, encode_mask(mask_of(10, 10, 30, 5)))],
    }
    assert compare_distributions(particle_statistics(truth, [], SETTINGS)).empty
    predictions = [
        {
            "image_id": 1,
            "category_id": 1,
            "score": 0.9,
            "segmentation": truth["annotations"][0]["segmentation"],
        }
    ]
    found = compare_distributions(particle_statistics(truth, predictions, SETTINGS))
    assert not found["feature"].str.contains("nm").any()  # the pixel size is unknown


@pytest.mark.parametrize("values", [[0.0], [180.0], [-1e-20], [0.0, 180.0]])
def test_the_mean_direction_is_below_the_period(values):
    assert mean_direction(np.array(values), 180) == pytest.approx(0, abs=1e-9)
