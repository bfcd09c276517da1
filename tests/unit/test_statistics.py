"""Particle measures against analytic rectangles, and the table of particles."""

import math

import numpy as np
import pytest
from synthwire.annotations import encode_mask, make_annotation
from synthwire.statistics import COLUMNS, measure_mask, particle_statistics

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
