"""Widths of edges and levels of noise that are known."""

import numpy as np
import pytest
from scipy import ndimage

from synthwire.segmentation.sharpness import noise_level, sharpest_edges


def bars(blur: float, noise: float = 0.0, *, angle: float = 0.3) -> np.ndarray:
    """Grey image of a few broad bars whose edges a Gaussian has blurred."""
    rows, columns = np.mgrid[:360, :400]
    across = columns * np.cos(angle) + rows * np.sin(angle)
    picture = ndimage.gaussian_filter(np.where(across % 150 < 75, 190.0, 50.0), blur)
    picture += noise * np.random.default_rng(4).standard_normal(picture.shape)
    return np.rint(picture).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 10])
@pytest.mark.parametrize("blur", [3, 4, 6, 9])
def test_the_width_of_an_edge_is_that_of_its_blur(blur, noise):
    # of the integral of a Gaussian, from 10 to 90 % of its height
    width = 2 * 1.2816 * blur
    assert sharpest_edges(bars(blur, noise)).width_px == pytest.approx(width, rel=0.25)


def test_a_sharp_edge_is_narrow():
    assert sharpest_edges(bars(0.5)).width_px < 4


def test_one_sharp_part_is_enough():
    picture = bars(8)
    picture[:, :120] = bars(1)[:, :120]
    assert sharpest_edges(picture).width_px < 6


def test_of_a_large_image_the_middle_counts():
    picture = np.full((1500, 1600), 50.0)
    picture[600:900, 600:1000] = 200
    picture = ndimage.gaussian_filter(picture, 6)
    picture[::40, :100] = 200
    assert sharpest_edges(picture.astype(np.uint8)).width_px > 10


def test_noise_has_no_edges():
    noise = np.random.default_rng(5).normal(120, 30, (300, 300)).clip(0, 255).astype(np.uint8)
    found = sharpest_edges(noise)
    assert found.width_px is None and found.strength < 4
    assert sharpest_edges(bars(2, 10)).strength > 10 * found.strength / 4


@pytest.mark.parametrize("deviation", [2, 8, 25])
def test_noise_is_measured_beside_edges(deviation):
    assert noise_level(bars(2, deviation)) == pytest.approx(deviation, rel=0.12)


def test_there_is_no_noise_in_a_drawing():
    assert noise_level(bars(0)) == 0
