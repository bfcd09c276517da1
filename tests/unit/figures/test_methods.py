"""Methods side by side."""

from __future__ import annotations

import pytest
from standin_results import image_set

from synthwire.errors import InputError
from synthwire.figures.methods import draw_methods


def test_comparison_needs_an_evaluation_of_each_method(results):
    with pytest.raises(InputError, match="no evaluation of 'Watershed'"):
        draw_methods(image_set(results, "sem")[0], {"Watershed": []}, {}, area_limits_px=[1, 2])
