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


def test_the_scale_comes_from_the_pixel_size_or_else_from_the_width():
    image = bars(10, 4)
    card = {"pixel_nm_range": [4, 12], "particle_width_px": 20}
    assert scale.choose_scale(image, 24, card) == pytest.approx(2)
    assert scale.choose_scale(image, (4, 9), card) == pytest.approx(1)
    assert scale.choose_scale(image, 2, card) == pytest.approx(0.5)
    by_width = scale.choose_scale(image, None, card)
    assert by_width == pytest.approx(20 / scale.particle_width(image))
    assert scale.choose_scale(image, 24, {**card, "pixel_nm_range": None}) == by_width
    assert scale.choose_scale(image, None, {"particle_width_px": 12}) == 1  # near enough
    assert scale.choose_scale(image, 6, {"pixel_nm_range": None}) == 1
    assert scale.choose_scale(np.zeros((20, 20), np.uint8), None, card) == 1
    assert scale.choose_scale(image, None, {"particle_width_px": 1000}) == 8
