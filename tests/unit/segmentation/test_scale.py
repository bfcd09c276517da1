from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from synthwire.segmentation import scale


def bars(width, seed, *, count=14, noise=8.0):
    """Bright bars of one width (pixels) at random places and angles, blurred and noisy."""
    rng = np.random.default_rng(seed)
    side = max(240, 16 * width)
    rows, columns = np.mgrid[:side, :side]
    grey = np.full((side, side), 30.0)
    for _ in range(count):
        y, x, angle = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0, np.pi)
        along = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
        across = (rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)
        bar = (np.abs(across) < width / 2) & (np.abs(along) < rng.uniform(2, 5) * width)
        grey[bar] += rng.uniform(60, 120)
    grey = ndimage.gaussian_filter(grey, 0.8) + rng.normal(0, noise, grey.shape)
    return grey.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("width", [6, 10, 16, 25, 40])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_width_of_known_bars_is_found(width, seed):
    assert scale.particle_width(bars(width, seed)) == pytest.approx(width, rel=0.3)


def test_the_width_follows_an_enlargement():
    image = bars(10, 3)
    enlarged = ndimage.zoom(image, 2.5, order=1)
    found = scale.particle_width(enlarged) / scale.particle_width(image)
    assert found == pytest.approx(2.5, rel=0.15)


def test_a_large_image_counts_by_its_middle():
    image = np.zeros((scale.SAMPLE_PX + 500, 300), dtype=np.uint8)
    image[:200] = np.arange(300) % 60 < 50  # outside of the middle
    image[400:-400] = 200 * (np.arange(300) % 60 < 20)
    assert scale.particle_width(image) == pytest.approx(20, abs=2)


def test_without_particles_there_is_no_width():
    assert scale.particle_width(np.full((50, 50), 7, dtype=np.uint8)) is None


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
