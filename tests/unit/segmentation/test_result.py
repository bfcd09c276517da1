"""What was found in one image, chosen from and measured."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from segmentation_cases import LEAST, rectangles

from synthwire.errors import InputError
from synthwire.segmentation.result import PARTICLE_COLUMNS


def test_the_table_has_a_row_a_particle_and_the_masks_go_with_it(result):
    table = result.particles
    assert list(table) == list(PARTICLE_COLUMNS)
    assert len(table) == len(result.masks) == len(result.ids) > 3
    assert result.masks.shape[1:] == result.image.shape == (64, 96)
    assert result.masks.dtype == bool
    assert (table["area_px"] == result.masks.sum(axis=(1, 2))).all()
    assert (table["score"] >= LEAST).all()
    assert (table["score"].diff().dropna() <= 0).all()
    sides = table["length_nm"] / table["length_px"]
    assert sides.between(5, 9).all() and sides.max() - sides.min() > 1  # 6 nm down, 8 nm across
    assert np.allclose(table["area_nm2"], table["area_px"] * 48)


def test_areas_agree_with_pycocotools(result):
    masks = [item["segmentation"] for item in result.selected]
    assert result.particles["area_px"].tolist() == [int(coco_mask.area(rle)) for rle in masks]


def test_a_selection_follows_its_rules():
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60), (22, 22, 30, 50), (50, 5, 55, 25))
    assert found.select(threshold=0.0, remove_nested=False).ids == (1, 2, 3, 4)
    assert found.select(threshold=0.0).ids == (1, 2, 4)  # the third lies within the second
    assert found.select(threshold=0.75).ids == (1, 2)
    assert found.select(threshold=0.0, exclude_border=True).ids == (2, 4)
    assert found.select(threshold=0.0, min_area_px=101).ids == (1, 2)
    assert found.select(threshold=0.75, removed_ids=[1], kept_ids=[4]).ids == (2, 4)
    assert found.ids == (1, 2)  # the default of 0.7, and nothing has changed it
    with pytest.raises(InputError, match="needs the pixel size"):
        _ = found.select(min_area_nm2=50.0).ids
    with pytest.raises(InputError, match="no particle 9; there are 4"):
        _ = found.select(removed_ids=[9]).ids
    with pytest.raises(InputError, match="threshold 1.5 is not between 0 and 1"):
        found.select(threshold=1.5)


def test_rules_that_are_not_named_stay():
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60)).select(threshold=0.0, removed_ids=[1])
    assert found.select(min_area_px=5).ids == found.ids == (2,)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_adds_a_particle(first, second):
    found = rectangles((0, 0, 10, 30), (20, 20, 40, 60), (22, 22, 30, 50), (50, 5, 55, 25))
    low, high = sorted((first, second))
    kept = [set(found.select(threshold=t, remove_nested=False).ids) for t in (low, high)]
    assert kept[1] <= kept[0]
