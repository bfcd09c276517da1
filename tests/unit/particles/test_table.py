"""The table of particles."""

import numpy as np
import pytest
from particle_cases import SETTINGS, image, mask_of

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.particles.line_table import line_of, line_rows
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
    # a pixel is 2 nm high and 8 nm wide
    assert first["length_nm"] == pytest.approx(240)
    assert first["width_nm"] == pytest.approx(10)
    assert first["aspect_ratio"] == pytest.approx(24)
    assert first["area_nm2"] == pytest.approx(150 * 16)
    assert annotated.loc[12, "orientation_deg"] == 90


@pytest.mark.parametrize("size", [(5.0, 8.0), (9.0, 6.0)])
def test_pixels_that_are_not_square_change_nothing_of_the_specimen(size):
    """A wire of 600 × 80 nm and one along a circle of 500 nm, at any angle."""
    y, x = np.mgrid[0.0 : 1500 // size[0], 0.0 : 1500 // size[1]]
    x, y = size[1] * (x + 0.5) - 750, 750 - size[0] * (y + 0.5)
    arc = abs(np.hypot(x, y) - 500) < 40
    for degrees in range(0, 180, 15):
        turn = np.radians(degrees)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        straight = (abs(along) < 300) & (abs(across) < 40)
        bent = arc & (abs(np.arctan2(across, along)) < 0.8)
        masks = [encode_mask(mask) for mask in (straight, bent)]
        found = _rows_of(masks, size)
        lines = line_rows({n: line_of(mask) for n, mask in enumerate(masks)}, size)
        assert found["length_nm"][0] == pytest.approx(600, abs=0.8 * max(size))
        assert found["width_nm"][0] == pytest.approx(80, abs=max(size))
        assert abs((found["orientation_deg"][0] - degrees + 90) % 180 - 90) < 1
        assert found["curvature_per_um"][1] == pytest.approx(2, rel=0.15)
        assert lines["line_length_nm"][0] == pytest.approx(600, abs=max(size))
        assert lines["line_length_nm"][1] == pytest.approx(800, rel=0.04)
        assert lines["line_curvature_per_um"][1] == pytest.approx(2, rel=0.35)
        assert lines["mean_width_nm"].tolist() == pytest.approx([80, 80], abs=0.6 * max(size))


def _rows_of(masks, size):
    record = {"id": 1, "height": masks[0]["size"][0], "width": masks[0]["size"][1]}
    truth = {
        "images": [{**record, "file_name": "a.png", "pixel_size_nm": list(size)}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [make_annotation(n, 1, mask) for n, mask in enumerate(masks, start=1)],
    }
    return particle_statistics(truth, [], SETTINGS)


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
