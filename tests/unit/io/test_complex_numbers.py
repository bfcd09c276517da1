"""Complex images made real."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_cases import GREY, RNG

from synthwire.errors import InputError
from synthwire.io.complex_numbers import real_pages


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


def test_other_parts_are_one_line():
    with pytest.raises(InputError, match="'real' is none of phase, amplitude"):
        real_pages(GREY[None], "real")
