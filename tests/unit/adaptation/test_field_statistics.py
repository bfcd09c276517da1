"""Statistics of fields: what is of one kind is near, what is not is far."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthwire.adaptation.kinds import check_one_kind, kinds_of
from synthwire.adaptation.statistics import CLIP, WEIGHTS, Target, summarise
from synthwire.errors import InputError
from synthwire.io.masks import encode_mask

SIDE = 128


def field(seed: int, noise: float = 10, blur: float = 1.5, wires: int = 6) -> np.ndarray:
    """Bright wires on grey, uint8."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE), 60.0)
    for _ in range(wires):
        top, left = rng.integers(0, SIDE - 60, 2)
        if rng.random() < 0.5:
            picture[top : top + 60, left : left + 10] = 180
        else:
            picture[top : top + 10, left : left + 60] = 180
    picture = ndimage.gaussian_filter(picture, blur) + noise * rng.standard_normal(picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def find(row: int, column: int, height: int, width: int, score: float = 0.9) -> dict:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[row : row + height, column : column + width] = True
    return {"score": score, "segmentation": encode_mask(mask)}


def summary(seeds, **kind):
    fields = [field(seed, **kind) for seed in seeds]
    return summarise(fields, [[] for _ in fields])


def test_fields_of_one_kind_are_within_the_tolerance_and_others_are_not():
    target = Target(summary(range(12)), 4)
    same = target.distance(summary(range(100, 104)))
    assert same < 1.5
    for other in ({"noise": 40}, {"blur": 5}, {"wires": 40}):
        assert target.distance(summary(range(100, 104), **other)) > 2 * same


def test_noise_shows_in_the_fine_frequencies_alone():
    target = Target(summary(range(8)), 8)
    names = [name for name in target.names if name.startswith("spectrum")]
    change = dict(zip(target.names, target.differences(summary(range(8), noise=30)), strict=True))
    assert change[names[-1]] > 3
    assert abs(change[names[0]]) < 1


def test_stripes_have_one_direction_and_crossing_wires_have_not():
    stripes = np.tile(np.repeat(np.array([40, 200], np.uint8), 8), (SIDE, SIDE // 16))
    values = summarise([stripes, field(3, wires=12)])
    order = values.values[:, values.names.index("directions.all over at 1 px")]
    assert order[0] > 0.95
    assert order[1] < 0.5


def test_a_distance_without_finds_is_a_lower_bound():
    target = Target(summary(range(8)), 4)
    fields = [field(seed, noise=25) for seed in range(4)]
    assert 0 < target.distance(summarise(fields)) <= target.distance(summary(range(4), noise=25))


def test_finds_are_counted_and_measured():
    found = [find(10, 10, 80, 8), find(30, 40, 60, 8), find(5, 60, 8, 60, score=0.4)]
    result = summarise([field(0)], [found])
    values = dict(zip(result.names, result.values[0], strict=True))
    assert values["finds.number"] == pytest.approx(np.log(3) / 2)
    assert values["finds.unsure"] == pytest.approx(np.log(2) / 2)
    assert values["finds.width"] == pytest.approx(np.log(8), abs=0.02)
    assert values["finds.covered"] == pytest.approx(2 * (80 + 60) * 8 / SIDE**2)


@given(value=st.integers(0, 255), fields=st.integers(1, 3))
@settings(max_examples=20)
def test_blank_fields_without_finds_have_numbers(value, fields):
    blank = [np.full((SIDE, SIDE), value, dtype=np.uint8)] * fields
    result = summarise(blank, [[]] * fields)
    target = Target(result, 2)
    assert np.isfinite(result.values).all()
    assert set(target.groups) == set(WEIGHTS)
    assert target.distance(result) == 0
    assert 0 < target.distance(summary([1])) <= CLIP


def test_images_of_two_kinds_are_told_apart_and_named():
    fields = [field(seed) for seed in range(6)]
    fields += [field(seed, noise=60, blur=4, wires=1) for seed in range(6)]
    real = summarise(fields, [[] for _ in fields])
    sources = [number // 2 for number in range(12)]
    assert kinds_of(real, sources) in ([1, 1, 1, 2, 2, 2], [2, 2, 2, 1, 1, 1])
    names = [f"{letter}.tif" for letter in "abcdef"]
    with pytest.raises(
        InputError, match=r"of 2 kinds: .*(a.tif, b.tif, c.tif|d.tif, e.tif, f.tif)"
    ):
        check_one_kind(real, sources, names)


def test_images_of_one_kind_pass():
    real = summary(range(10))
    check_one_kind(real, [number // 2 for number in range(10)], list("abcde"))
    check_one_kind(summary(range(2)), [0, 0], ["alone.tif"])


def test_images_that_differ_in_exposure_are_of_one_kind():
    fields = [field(seed) for seed in range(12)]
    fields = [
        fields[n] if n < 6 else np.clip(fields[n] + 60.0, 0, 255).astype(np.uint8)
        for n in range(12)
    ]
    real = summarise(fields, [[] for _ in fields])
    assert kinds_of(real, [number // 2 for number in range(12)]) == [1] * 6
