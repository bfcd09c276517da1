"""Complex images made real."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_cases import GREY, RNG

from synthwire.errors import InputError
from synthwire.io.complex_numbers import real_pages, without_ramps


@given(st.floats(-np.pi, np.pi), st.floats(1e-6, 1e6))
def test_phase_knows_no_constant_and_no_factor(constant, factor):
    phase = 0.3 * np.sin(np.arange(200.0).reshape(1, 10, 20))
    plain = real_pages(np.exp(1j * phase), "phase")
    turned = real_pages(factor * np.exp(1j * (phase + constant)), "phase")
    np.testing.assert_allclose(turned, plain, atol=1e-9)
    np.testing.assert_allclose(plain - plain[0, 0, 0], phase - phase[0, 0, 0], atol=1e-9)
    amplitude = real_pages(factor * np.exp(1j * phase), "amplitude")
    np.testing.assert_allclose(amplitude, factor, rtol=1e-9)


def test_real_numbers_stay_and_nan_stays_where_it_is():
    np.testing.assert_array_equal(real_pages(GREY[None], "phase"), GREY[None])
    wave = np.exp(1j * RNG.uniform(-0.5, 0.5, (1, 10, 10)))
    clean = real_pages(wave, "phase")
    wave[0, 3, 4] = np.nan
    found = real_pages(wave, "phase")
    assert np.isnan(found).sum() == 1 and np.isnan(found[0, 3, 4])
    assert np.nanmax(np.abs(found - clean)) < 0.05


@pytest.mark.parametrize("ramp", [(3, -20), (-150, 7), (300, 400)])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_a_ramp_is_taken_off_and_said(ramp, noise):
    rng = np.random.default_rng(3)
    shape = (160, 200)
    phase = np.zeros(shape)
    for top, left in ((10, 90), (60, 120), (110, 100)):  # at one side: their mean step is not 0
        phase[top : top + 12, left : left + 70] = -0.8
    phase += noise * rng.standard_normal(shape)
    slopes = (total * np.linspace(-0.5, 0.5, side) for total, side in zip(ramp, shape, strict=True))
    wave = np.exp(1j * (phase + np.add.outer(*slopes)))[None]
    level, (said,) = without_ramps(wave)
    found = real_pages(level, "phase")[0]
    away = found - phase
    assert np.std(away) < 0.25, said
    down, across = (float(number) for number in re.findall(r"(-?[\d.]+) rad", said))
    assert (down, across) == pytest.approx(ramp, abs=1)


def test_without_a_ramp_nothing_changes():
    waves = np.exp(1j * RNG.uniform(-1, 1, (2, 24, 32)))
    waves[1] = 1
    waves[1, 5:9, 20:] = np.exp(-2j)
    level, said = without_ramps(waves)
    assert level is waves and said == ()


@pytest.mark.parametrize("number", [np.complex64, np.complex128])
@pytest.mark.parametrize("constant", [0.0, 0.7, np.pi])
def test_one_phase_everywhere_is_refused_with_the_way_out(number, constant):
    wave = (RNG.uniform(0, 5, (2, 30, 40)) * np.exp(1j * constant)).astype(number)
    wave[:, :4] = 0  # has no phase at all
    with pytest.raises(InputError, match="--complex amplitude takes their amplitude"):
        real_pages(wave, "phase")
    assert real_pages(wave, "amplitude").any()
    wave[1, 10:20] *= np.exp(0.2j).astype(number)
    first, second = real_pages(wave, "phase")
    assert not first.any() and np.ptp(second) == pytest.approx(0.2, abs=1e-5)


def test_other_parts_are_one_line():
    with pytest.raises(InputError, match="'real' is none of phase, amplitude"):
        real_pages(GREY[None], "real")
