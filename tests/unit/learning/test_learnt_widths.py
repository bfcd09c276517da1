"""Widths that a network learns, of bars whose widths are known."""

import numpy as np
import pytest

from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.learning.learnt_widths import learnt_widths

PLAIN = {"min_size_px": [0], "max_size_px": 1333, "augmentation": {"scale": None}}


def data_set(widths, *, side=200, crowd=()):
    annotations = []
    for number, width in enumerate(widths, start=1):
        mask = np.zeros((side, 2 * side), bool)
        mask[5 : 5 + width, 3:180] = True
        crowded = int(number in crowd)
        annotations.append(make_annotation(number, 1, encode_mask(mask), iscrowd=crowded))
    images = [{"id": 1, "height": side, "width": 2 * side}]
    return {"images": images, "annotations": annotations}


def test_without_a_resize_it_is_their_median_and_spread():
    found = learnt_widths(data_set([5, 10, 40]), PLAIN)
    assert found["particle_width_px"] == pytest.approx(10, abs=0.01)
    assert found["particle_width_log_sd"] == pytest.approx(np.std(np.log([5, 10, 40])), abs=0.001)


def test_what_is_left_out_in_training_is_left_out_here():
    assert learnt_widths(data_set([5, 90], crowd=[2]), PLAIN)["particle_width_px"] == 5


def test_a_resize_enlarges_them_up_to_the_longest_edge():
    resized = {**PLAIN, "min_size_px": [400]}
    assert learnt_widths(data_set([7]), resized)["particle_width_px"] == pytest.approx(14)
    resized["max_size_px"] = 600  # the image is twice as wide as high
    assert learnt_widths(data_set([7]), resized)["particle_width_px"] == pytest.approx(10.5)


def test_a_random_enlargement_spreads_them():
    found = learnt_widths(data_set([10]), {**PLAIN, "augmentation": {"scale": [0.5, 8]}})
    assert found["particle_width_px"] == pytest.approx(20)
    drawn = np.random.default_rng(1).uniform(np.log(0.5), np.log(8), 200_000)
    assert found["particle_width_log_sd"] == pytest.approx(np.std(drawn), abs=0.005)


def test_nothing_is_known_without_particles():
    assert learnt_widths(data_set([]), PLAIN) == {}
