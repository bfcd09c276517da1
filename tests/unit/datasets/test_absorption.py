import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthwire.datasets import absorption
from synthwire.errors import InputError
from synthwire.io import grey

RNG = np.random.default_rng(0)


def slab(thickness_nm: float, attenuation_length_nm: float, incident: float) -> np.ndarray:
    image = np.full((40, 60), incident)
    image[10:30, 20:50] = incident * np.exp(-thickness_nm / attenuation_length_nm)
    return image


@settings(deadline=None)  # the machine may be busy
@given(thickness=st.floats(1, 2000), length=st.floats(50, 2000), incident=st.floats(1e-3, 1e9))
def test_the_density_of_a_slab_is_that_of_beer_and_lambert(thickness, length, incident):
    if thickness / length > 15:
        return
    density = absorption.optical_density(slab(thickness, length, incident), incident)
    np.testing.assert_allclose(density[10:30, 20:50], thickness / length, rtol=1e-6)
    np.testing.assert_allclose(density[:10], 0, atol=1e-6)


def test_incident_from_region_percentile_and_image_agree():
    image = slab(100, 200, 5000.0)
    stack = np.stack([image, 2 * image])
    for incident in (
        absorption.incident_from_region(stack, (0, 0, 15, 40)),
        absorption.incident_from_percentile(stack, 90),
        np.stack([np.full((40, 60), 5000.0), np.full((40, 60), 10000.0)]),
        np.array([5000.0, 10000.0]).reshape(2, 1, 1),
    ):
        density = absorption.optical_density(stack, incident)
        np.testing.assert_allclose(density[:, 15, 30], 0.5)
        np.testing.assert_allclose(density[:, 0, 0], 0, atol=1e-12)
    np.testing.assert_allclose(
        absorption.optical_density(image, absorption.incident_from_region(image, (0, 0, 5, 5)))[
            15, 30
        ],
        0.5,
    )


@pytest.mark.parametrize("region", [(55, 0, 10, 5), (-1, 0, 5, 5), (0, 0, 0, 5), (0, 39, 5, 2)])
def test_incident_region_outside_the_image(region):
    with pytest.raises(InputError, match="outside the image of 60 × 40"):
        absorption.incident_from_region(slab(1, 1, 1.0), region)


def test_nothing_to_divide_by_is_one_line():
    with pytest.raises(InputError, match="no positive intensity"):
        absorption.incident_from_region(np.zeros((20, 20)), (0, 0, 5, 5))
    with pytest.raises(InputError, match="no finite"):
        absorption.incident_from_percentile(np.full((20, 20), np.nan))
    with pytest.raises(InputError, match="zero or less"):
        absorption.optical_density(np.ones((5, 5)), 0.0)
    with pytest.raises(InputError, match="above zero"):
        absorption.optical_density(np.zeros((5, 5)), 1.0)
    with pytest.raises(InputError, match="does not fit"):
        absorption.optical_density(np.ones((5, 5)), np.ones((2, 5, 5)))
    with pytest.raises(InputError, match="percentile"):
        absorption.incident_from_percentile(np.ones((5, 5)), 0)


def test_no_photons_and_nan_stay_sound():
    intensity = np.array([[0.0, 1.0, 100.0, np.nan]])
    density = absorption.optical_density(intensity, 100.0)
    np.testing.assert_allclose(density[0, :3], [np.log(200), np.log(100), 0], atol=1e-12)
    assert np.isnan(density[0, 3])
    region = np.ones((10, 10))
    region[0, 0] = np.nan
    assert absorption.incident_from_region(region, (0, 0, 4, 4)) == 1


def test_ratio_of_two_energies():
    energies = (526.0, 527.0, 529.8, 531.0)
    thickness = np.zeros((30, 30))
    thickness[5:20, 5:20] = 1.0
    stack = np.stack([thickness * mu for mu in (0.1, 0.8, 0.4, 0.2)])
    ratio = absorption.ratio_image(stack, energies, 527.0, 529.8)
    assert np.isnan(ratio[0, 0])
    np.testing.assert_allclose(ratio[5:20, 5:20], 2.0)
    with pytest.raises(InputError, match=r"no page within 0\.5 eV of 540 eV; .* 526 to 531"):
        absorption.ratio_image(stack, energies, 540.0, 529.8)
    with pytest.raises(InputError, match="one energy for each page"):
        absorption.ratio_image(stack, energies[:3], 527.0, 529.8)


def test_average_over_energies_of_the_paper():
    energies = np.arange(508, 560.1, 0.2)
    stack = np.tile(np.linspace(0, 1, len(energies))[:, None, None], (1, 8, 9))
    np.testing.assert_allclose(absorption.energy_average(stack, energies, 508, 560.1), 0.5)
    np.testing.assert_allclose(
        absorption.energy_average(stack[::-1], energies[::-1], 508, 534.0),
        stack[energies <= 534.0].mean(axis=0),
        rtol=1e-3,
    )
    with pytest.raises(InputError, match="no page between 600 and 700 eV"):
        absorption.energy_average(stack, energies, 600, 700)


def test_uneven_steps_are_weighted_and_gaps_left_out():
    energies = (500.0, 501.0, 510.0)
    stack = np.stack([np.full((8, 8), value) for value in (0.0, 0.0, 1.0)])
    expected = np.trapezoid([0, 0, 1], energies) / 10
    np.testing.assert_allclose(absorption.energy_average(stack, energies, 500, 510), expected)
    stack[1, 0, 0] = np.nan
    assert np.isfinite(absorption.energy_average(stack, energies, 500, 510)).all()
    same = absorption.energy_average(stack[1:], (500.0, 500.0), 499, 501)
    np.testing.assert_allclose(same[4, 4], 0.5)


def wires(shape=(96, 90)) -> np.ndarray:
    image = np.zeros(shape)
    image[30:36, 20:70] = 1.0
    image[20:80, 50:56] += 0.7
    image[60:75, 15:30] = 0.5
    return ndimage.gaussian_filter(image, 1.5)


def test_drift_is_found_and_undone():
    moves = np.array([[0, 0], [1.5, -0.8], [3.2, -2.0], [2.0, -4.5]])
    contrast = (1.0, 0.6, 1.4, 0.8)
    stack = np.stack(
        [c * ndimage.shift(wires(), move, order=3) for c, move in zip(contrast, moves, strict=True)]
    )
    stack += 0.002 * RNG.standard_normal(stack.shape)
    found = absorption.drift(stack)
    np.testing.assert_allclose(found, moves, atol=0.2)
    aligned, region = absorption.align(stack)
    inner = absorption.crop(aligned, region)
    assert inner.shape[1] >= 96 - 5 and inner.shape[2] >= 90 - 6
    for page, c in zip(inner, contrast, strict=True):
        assert np.abs(page / c - inner[0]).max() < 0.12
    assert np.abs(stack[3] / 0.8 - stack[0]).max() > 0.5


def test_still_or_empty_pages_do_not_move():
    stack = np.stack([wires(), wires(), np.zeros((96, 90)), np.full((96, 90), np.nan)])
    np.testing.assert_allclose(absorption.drift(stack), 0, atol=1e-9)
    aligned, region = absorption.align(stack[:2])
    np.testing.assert_array_equal(aligned, stack[:2])
    assert region == (0, 0, 90, 96)
    with pytest.raises(InputError, match="further than its field"):
        absorption.align(stack[:2], np.array([[0, 0], [100, 0]]))


def test_rescaling_as_in_the_paper():
    y, x = np.mgrid[:100, :100]
    image = np.sin(y / 12) + np.cos(x / 15)
    large, size = absorption.rescale(image, (531, 449), (35.0, 35.0))
    assert large.shape == (531, 449)
    assert size == pytest.approx((6.591, 7.795), abs=1e-3)
    centre_y, centre_x = (np.arange(531) + 0.5) / 5.31 - 0.5, (np.arange(449) + 0.5) / 4.49 - 0.5
    expected = np.sin(centre_y / 12)[:, None] + np.cos(centre_x / 15)
    assert np.abs(large - expected)[30:-30, 30:-30].max() < 1e-3
    small, _ = absorption.rescale(large, (100, 100))
    assert np.abs(small - image)[2:-2, 2:-2].max() < 0.02


def test_inversion():
    np.testing.assert_array_equal(grey.invert(np.array([0, 200], np.uint8)), [255, 55])
    np.testing.assert_array_equal(grey.invert(np.array([0, 200], np.uint16)), [65535, 65335])
    np.testing.assert_allclose(grey.invert(np.array([1.0, np.nan, 4.0])), [4.0, np.nan, 1.0])


def test_what_is_missing_on_one_page_stays_missing_there_alone():
    """Cubic splines would carry one NaN over its whole line, and so over the page."""
    rows, columns = np.mgrid[:40, :50]
    wave = np.sin(rows / 4) + np.cos(columns / 5)
    stack = np.stack([wave, ndimage.shift(wave, (1.5, -0.5), mode="nearest"), wave])
    whole, region = absorption.align(stack, np.array([[0, 0], [1.5, -0.5], [0, 0]]))
    stack[1, 10:13, 20:24] = np.nan
    aligned, same = absorption.align(stack, np.array([[0, 0], [1.5, -0.5], [0, 0]]))
    assert same == region
    missing = np.isnan(aligned)
    assert not missing[[0, 2]].any()
    assert 12 <= missing[1].sum() <= 20  # its four by three pixels, and a rim of half of one
    assert missing[1, 9:11, 21:24].all()
    far = ~ndimage.binary_dilation(missing[1], iterations=3)
    np.testing.assert_allclose(aligned[1][far], whole[1][far], atol=0.02)


def test_a_page_that_was_stopped_stays_where_the_one_before_was():
    page = wires()
    moved = ndimage.shift(page, (2.0, -3.0), order=3)
    stopped = moved.copy()
    stopped[len(page) // 3 :] = np.nan
    found = absorption.drift(np.stack([page, moved, stopped]))
    np.testing.assert_allclose(found[1:], [[2, -3]] * 2, atol=0.2)
    rims = np.stack([page, moved])
    rims[:, : len(page) // 3] = np.nan  # alike on all pages
    assert absorption.drift(rims)[1, 1] == pytest.approx(-3, abs=0.3)


def test_a_hole_in_one_page_is_no_drift():
    rng = np.random.default_rng(3)
    scene = ndimage.gaussian_filter(rng.normal(size=(80, 80)), 3) + 10
    holed = scene.copy()
    holed[20:40, 30:55] = np.nan
    np.testing.assert_allclose(absorption.drift(np.stack([scene, holed, scene])), 0, atol=0.25)
