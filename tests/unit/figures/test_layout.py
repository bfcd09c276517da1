"""Rows of images."""

from __future__ import annotations

import numpy as np
import pytest

from synthwire.figures.kit import layout


def test_panels_of_one_row_are_equally_high_and_keep_the_pictures_aspect():
    figure, rows = layout.image_grid([[0.8, 1.5, 1.0]])
    boxes = [ax.get_window_extent() for ax in rows[0]]
    assert np.ptp([box.height for box in boxes]) < 1e-6
    for box, aspect in zip(boxes, (0.8, 1.5, 1.0), strict=True):
        assert box.width / box.height == pytest.approx(aspect)
    assert boxes[-1].x1 == pytest.approx(figure.bbox.x1)
