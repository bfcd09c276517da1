"""The table of particles."""

import pytest
from particle_cases import SETTINGS, image, mask_of

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.particles.table import COLUMNS, particle_statistics


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
