"""Instances over an image."""

from __future__ import annotations

import itertools

import numpy as np
import standin_results as standin

from synthwire.figures.kit import overlay


def test_outline_runs_along_the_pixels_edges():
    mask = np.zeros((20, 30), dtype=bool)
    mask[4:7, 11:21] = True
    (line,) = overlay.contours(mask)
    assert line.min(axis=0).tolist() == [11, 4] and line.max(axis=0).tolist() == [21, 7]
    mask[:] = True
    (line,) = overlay.contours(mask)
    assert line.min(axis=0).tolist() == [0, 0] and line.max(axis=0).tolist() == [30, 20]
    assert overlay.contours(np.zeros((5, 5), dtype=bool)) == []


def test_crossing_instances_have_different_colours():
    rng = np.random.default_rng(5)
    masks = [standin.bar_mask(rng, 80, 80, 0.6) for _ in range(14)]
    colours = overlay.choose_colours(masks)
    for (a, one), (b, other) in itertools.combinations(zip(masks, colours, strict=True), 2):
        if (a & b).any():
            assert one != other
    assert overlay.choose_colours([]) == []


def test_blending_leaves_other_pixels_and_mixes_crossings():
    pixels = np.full((4, 4), 100, dtype=np.uint8)
    left, top = np.zeros((2, 4, 4), dtype=bool)
    left[:, 0] = top[0] = True
    image = overlay.blend_instances(pixels, [left, top], ["#FF0000", "#0000FF"], opacity=0.5)
    assert (image[1:, 1:] == 100).all()
    assert image[2, 0].tolist() == [178, 50, 50]
    assert image[0, 0].tolist() == [114, 50, 114]
