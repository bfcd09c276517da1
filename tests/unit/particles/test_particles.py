"""Particle measures against analytic rectangles, and the table of particles."""

import math

import numpy as np
import pytest

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.particles.distances import (
    FEATURES,
    circular_wasserstein,
    compare_distributions,
    kuiper,
    mean_direction,
)
from synthwire.particles.measures import measure_mask
from synthwire.particles.table import COLUMNS, particle_statistics

SETTINGS = {"statistics_score": 0.7}


def slanted_rectangle(length, width, degrees, centre=(110.3, 109.8), size=(220, 220)):
    """Pixels whose centres lie in the rectangle; angles counter-clockwise as seen."""
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x, y = columns - centre[0], centre[1] - rows
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along, across = x * cosine + y * sine, y * cosine - x * sine
    return (abs(along) <= length / 2) & (abs(across) <= width / 2)


@pytest.mark.parametrize(("length", "width"), [(150, 10), (100, 4), (60, 20), (80, 30)])
@pytest.mark.parametrize("start", [0.0, 0.37])
def test_rectangles_at_all_angles(length, width, start):
    rng = np.random.default_rng(5)
    differences = []
    for degrees in np.arange(start, 180, 1):
        centre = 110 + rng.uniform(-1, 1, 2)
        found = measure_mask(slanted_rectangle(length, width, degrees, centre))
        turn = abs(found.orientation - degrees)
        assert min(turn, 180 - turn) < 1, degrees
        assert abs(found.length - length) <= 1 + 1e-9, degrees
        assert abs(found.width - width) <= 1 + 1e-9, degrees
        assert found.aspect_ratio == found.length / found.width
        assert 0 <= found.orientation < 180
        differences.append((found.length - length, found.width - width))
    # nor is there a lean to one side, which would shift every width in a real image
    assert np.all(np.abs(np.mean(differences, axis=0)) < 0.1)


@pytest.mark.parametrize(("width", "height"), [(10, 3), (3, 10), (7, 1), (1, 1), (12, 12)])
def test_rectangles_of_whole_pixels_are_exact(width, height):
    mask = np.zeros((20, 30), dtype=bool)
    mask[2 : 2 + height, 5 : 5 + width] = True
    found = measure_mask(mask)
    assert found.area == width * height
    assert (found.length, found.width) == (max(width, height), min(width, height))
    if width != height:
        assert found.orientation == (0 if width > height else 90)


def test_orientation_is_counter_clockwise_as_seen():
    falling = np.eye(30, dtype=bool)  # from top left to bottom right
    assert measure_mask(falling).orientation == pytest.approx(135)
    assert measure_mask(falling[:, ::-1]).orientation == pytest.approx(45)
    assert measure_mask(falling).width == 1
    assert measure_mask(falling).length == pytest.approx(29 * math.sqrt(2) + 1, abs=0.5)


def test_an_empty_mask_has_no_measures():
    found = measure_mask(np.zeros((5, 5), dtype=bool))
    assert found.area == 0
    assert math.isnan(found.length) and math.isnan(found.orientation)


def test_holes_and_separate_parts_do_not_disturb():
    mask = np.zeros((30, 60), dtype=bool)
    mask[10:20, 5:50] = True
    mask[12:15, 20:30] = False  # where another particle lies on top
    found = measure_mask(mask)
    assert (found.length, found.width) == (45, 10)
    assert found.area == 45 * 10 - 30


@pytest.mark.parametrize(("length", "width"), [(150, 10), (60, 20), (30, 10), (100, 4)])
def test_perimeter_of_rectangles_at_all_angles(length, width):
    true = 2 * (length + width)
    ratios = [
        measure_mask(slanted_rectangle(length, width, degrees)).perimeter / true
        for degrees in np.arange(0, 180, 3)
    ]
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)
    assert min(ratios) > 0.91 and max(ratios) < 1.05


def test_solidity():
    for degrees in (0, 13, 45, 77):
        # convex up to the pixels of its own hull
        assert measure_mask(slanted_rectangle(100, 6, degrees)).solidity > 0.98
    assert measure_mask(np.ones((4, 9), dtype=bool)).solidity == 1
    assert measure_mask(np.eye(12, dtype=bool)).solidity == 1
    corner = np.zeros((20, 20), dtype=bool)
    corner[:, :2] = corner[:2, :] = True
    # the hull runs straight from one tip to the other
    rows, columns = np.mgrid[:20, :20]
    inside = (rows + columns <= 20).sum()
    assert measure_mask(corner).solidity == pytest.approx(corner.sum() / inside)


def arc(radius, degrees, width, turn):
    """A wire bent along a circle over that many degrees, its middle in the direction `turn`."""
    rows, columns = np.mgrid[:400, :400] + 0.5
    x, y = columns - 200, 200 - rows
    distance, direction = np.hypot(x, y), np.degrees(np.arctan2(y, x)) - turn
    direction = (direction + 180) % 360 - 180
    return (abs(distance - radius) <= width / 2) & (abs(direction) <= degrees / 2)


@pytest.mark.parametrize(("radius", "degrees"), [(180, 30), (120, 45), (100, 60), (60, 90)])
def test_curvature_of_arcs(radius, degrees):
    for turn in (0, 31, 90, 200):
        found = measure_mask(arc(radius, degrees, 6, turn))
        assert found.curvature == pytest.approx(1 / radius, rel=0.2)
        along = (turn + 90) % 180
        turned = abs(found.orientation - along)
        assert min(turned, 180 - turned) < 1.5


def test_straight_particles_have_no_curvature():
    for degrees in np.arange(0, 180, 7):
        found = measure_mask(slanted_rectangle(100, 6, degrees))
        assert found.curvature < 1 / 5000
    assert measure_mask(np.ones((1, 2), dtype=bool)).curvature == 0
    assert measure_mask(np.ones((1, 1), dtype=bool)).curvature == 0


def image(pixel_size_nm, image_id=1):
    return {
        "id": image_id,
        "file_name": "image.tif",
        "width": 100,
        "height": 80,
        "pixel_size_nm": pixel_size_nm,
    }


def mask_of(x, y, width, height):
    mask = np.zeros((80, 100), dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask


def test_particle_table():
    truth = {
        "images": [image([2.0, 8.0])],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [
            make_annotation(11, 1, encode_mask(mask_of(10, 10, 30, 5))),
            make_annotation(12, 1, encode_mask(mask_of(60, 0, 4, 20))),
            make_annotation(13, 1, encode_mask(mask_of(10, 50, 30, 5)), iscrowd=1),
        ],
    }
    masks_and_scores = [
        (mask_of(12, 10, 30, 5), 0.95),  # the first particle
        (mask_of(10, 10, 30, 5), 0.90),  # the same once more: one to one
        (mask_of(10, 50, 28, 5), 0.85),  # the doubtful outline
        (mask_of(60, 40, 4, 20), 0.80),  # nothing there
        (mask_of(60, 0, 4, 20), 0.60),  # right, but below the score
    ]
    predictions = [
        {"image_id": 1, "category_id": 1, "score": score, "segmentation": encode_mask(mask)}
        for mask, score in masks_and_scores
    ]
    table = particle_statistics(truth, predictions, SETTINGS)
    assert list(table.columns) == list(COLUMNS)
    annotated = table[table["source"] == "annotation"].set_index("particle")
    predicted = table[table["source"] == "prediction"].set_index("particle")
    assert list(annotated.index) == [11, 12]
    assert list(predicted.index) == [0, 1, 3]
    assert annotated["matched"].tolist() == [True, False]
    assert predicted["matched"].tolist() == [True, False, False]
    assert annotated["touches_border"].tolist() == [False, True]
    assert annotated["score"].isna().all()
    first = annotated.loc[11]
    assert (first["area_px"], first["length_px"], first["width_px"]) == (150, 30, 5)
    # the side of a 2 × 8 nm pixel counts as their geometric mean, 4 nm
    assert first["length_nm"] == pytest.approx(120)
    assert first["width_nm"] == pytest.approx(20)
    assert first["area_nm2"] == pytest.approx(150 * 16)
    assert annotated.loc[12, "orientation_deg"] == 90


def test_without_a_pixel_size_there_are_no_nanometres():
    truth = {
        "images": [image(None)],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [make_annotation(1, 1, encode_mask(mask_of(10, 10, 30, 5)))],
    }
    table = particle_statistics(truth, [], SETTINGS)
    assert table[["length_nm", "width_nm", "area_nm2"]].isna().all(axis=None)
    assert table["length_px"].tolist() == [30]


def test_an_image_set_without_particles_gives_an_empty_table():
    truth = {"images": [image(6.0)], "categories": [{"id": 1, "name": "nanowire"}]}
    table = particle_statistics({**truth, "annotations": []}, [], SETTINGS)
    assert list(table.columns) == list(COLUMNS)
    assert table.empty


# Distributions


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
