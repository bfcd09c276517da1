import numpy as np
import pytest
from scipy import ndimage

from synthwire.imaging import likeness


def step(sigma: float, noise: float = 0.0) -> np.ndarray:
    image = np.full((120, 120), 40.0)
    image[:, 60:] = 200.0
    image = ndimage.gaussian_filter(image, sigma)
    image = image + noise * np.random.default_rng(0).standard_normal(image.shape)
    return np.rint(image.clip(0, 255)).astype(np.uint8)


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_edge_width_of_a_blurred_step(sigma, noise):
    width = likeness.edge_width([step(sigma, noise)], reach_px=10)
    assert width == pytest.approx(np.sqrt(2 * np.pi) * sigma, rel=0.15)


def test_edge_width_does_not_depend_on_direction():
    turned = ndimage.rotate(step(2.0), 30, reshape=False, mode="nearest", order=1)
    width = likeness.edge_width([turned[20:100, 20:100]])
    assert width == pytest.approx(likeness.edge_width([step(2.0)]), rel=0.1)


def test_edge_width_without_edges_is_nan():
    assert np.isnan(likeness.edge_width([np.full((64, 64), 9, np.uint8)]))


def test_spectrum_of_white_noise_is_flat_and_equals_its_variance():
    grey = np.random.default_rng(0).normal(128, 20, (256, 192))
    _, power = likeness.radial_spectrum([np.rint(grey).astype(np.uint8)])
    assert power[12:].mean() == pytest.approx((20 / 255) ** 2, rel=0.1)
    assert np.std(np.log10(power[12:])) < 0.06


def test_spectrum_of_a_wave_peaks_at_its_frequency():
    wave = 128 + 60 * np.sin(2 * np.pi * 0.1 * np.arange(300))
    image = np.tile(wave, (200, 1)).round().astype(np.uint8)
    frequency, power = likeness.radial_spectrum([image])
    assert frequency[np.argmax(power)] == pytest.approx(0.1, rel=0.1)


def test_images_of_two_sizes_have_one_spectrum():
    rng = np.random.default_rng(0)
    large = ndimage.gaussian_filter(rng.standard_normal((600, 600)), 2, mode="wrap")
    grey = np.clip(128 + 200 * large, 0, 255).round().astype(np.uint8)
    small = [grey[:256, :300], grey[300:556, 200:500], grey[100:356, 300:]]
    difference = likeness.spectrum_difference(
        likeness.radial_spectrum([grey])[1], likeness.radial_spectrum(small)[1]
    )
    assert difference < 0.1


def test_histogram_distance_is_the_shift_in_grey():
    first = np.random.default_rng(0).integers(20, 120, (50, 50)).astype(np.uint8)
    histogram = [likeness.grey_histogram([image]) for image in (first, first + 51)]
    assert likeness.histogram_distance(*histogram) == pytest.approx(0.2)


def test_likeness_of_an_image_with_itself():
    image = step(2.0)
    found = likeness.likeness([image], [image, image])
    assert found.histogram_distance == 0 and found.spectrum_difference == pytest.approx(0)
    assert found.edge_width_ratio == pytest.approx(1)
