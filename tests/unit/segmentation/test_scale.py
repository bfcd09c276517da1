from __future__ import annotations

import pytest

from synthwire.segmentation import scale


def test_the_pixel_size_asks_for_a_scale_within_bounds():
    card = {"pixel_nm_range": [4, 12], "particle_width_px": 20}
    assert scale.start_scale(24, card) == pytest.approx(2)
    assert scale.start_scale((4, 9), card) == pytest.approx(1)
    assert scale.start_scale(2, card) == pytest.approx(0.5)
    assert scale.start_scale(1000, card) == 8
    assert scale.start_scale(1e-3, card) == 1 / 8
    assert scale.start_scale(None, card) == 1
    assert scale.start_scale(6, {"pixel_nm_range": None}) == 1


CARD = {"pixel_nm_range": [6.4, 10.67], "particle_width_px": 15.5}


@pytest.mark.parametrize(("size", "fitting"), [(0.8, 0.9), (0.1, 1), (60, 1), (1000, 1), (8, 6)])
def test_a_line_is_said_where_size_and_widths_disagree(size, fitting):
    line = scale.disagreement(size, fitting, CARD)
    assert line.startswith(f"pixel size {size} nm: ")
    assert f"at {fitting:.2g} times" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("size", "fitting"), [(8, 1), (8, 0.4), (3, 1), (20, 1.2), ((6.6, 7.8), 2)]
)
def test_nothing_is_said_where_they_agree(size, fitting):
    assert scale.disagreement(size, fitting, CARD) is None


def test_without_a_size_or_without_particles_there_is_nothing_to_compare():
    assert scale.disagreement(None, 3, CARD) is None
    assert scale.disagreement(0.8, 3, {"pixel_nm_range": None}) is None
    assert scale.disagreement(8, None, CARD) is None
    assert "nothing that was found tells" in scale.disagreement(1000, None, CARD)
