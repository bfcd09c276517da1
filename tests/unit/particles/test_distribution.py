"""Histograms with densities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde

from synthwire.particles.distribution import (
    PERIOD_DEG,
    histogram_edges,
    histogram_with_density,
    linear_density,
    periodic_density,
)


@pytest.fixture
def lengths():
    return np.random.default_rng(4).lognormal(5, 0.8, 400)


@pytest.mark.parametrize("kind", ["linear", "log", "circular"])
def test_histogram_and_density_cover_one(lengths, kind):
    found = histogram_with_density(lengths, kind, margin=0.5, points=2001)
    span = np.log10 if kind == "log" else np.asarray
    assert found.counts.sum() == len(lengths)
    assert found.heights @ np.diff(span(found.edges)) == pytest.approx(1)
    assert np.trapezoid(found.density, span(found.grid)) == pytest.approx(1, abs=0.01)
    assert len(found.density) == len(found.grid) == 2001


def test_series_share_the_bins_of_all_values(lengths):
    first, second = lengths[:50], lengths[50:]
    one = histogram_with_density(first, "log", pooled=lengths)
    other = histogram_with_density(second, "log", pooled=lengths)
    assert np.array_equal(one.edges, other.edges) and np.array_equal(one.grid, other.grid)
    both = histogram_with_density(lengths, "log")
    assert np.array_equal(one.counts + other.counts, both.counts)
    nothing = histogram_with_density(np.empty(0), "log", pooled=lengths)
    assert not nothing.counts.any() and not nothing.heights.any() and not nothing.density.any()


def test_nothing_falls_below_the_lower_bound():
    ratios = np.random.default_rng(2).exponential(1, 300) + 1
    found = histogram_with_density(ratios, lower=1.0)
    assert found.edges[0] == ratios.min() and found.grid[0] == 1
    assert found.density[0] > 0.9 * found.density.max()  # reflected, not leaked
    assert histogram_with_density(ratios, lower=1.0, bins_from_lower=True).edges[0] == 1


@pytest.mark.parametrize("kind", ["linear", "log"])
@pytest.mark.parametrize("values", [[], [7.0], [7.0, 7.0, 7.0]])
def test_few_or_equal_values_have_bins_and_no_density(kind, values):
    found = histogram_with_density(np.array(values), kind)
    assert found.counts.sum() == len(values)
    assert (np.diff(found.edges) > 0).all()
    assert not found.density.any()


def test_orientations_wrap_round():
    angles = np.array([1.0, 179.0, 2.0, 178.0])
    found = histogram_with_density(angles - PERIOD_DEG, "circular")
    assert (found.counts[0], found.counts[-1]) == (2, 2)
    assert found.density[0] == pytest.approx(found.density[-1])
    assert found.density[0] > 0.9 * found.density.max()


def test_one_value_far_from_nearly_equal_ones_takes_no_more_bins():
    values = np.append(1 + 1e-13 * np.arange(100), 1000.0)
    assert len(histogram_edges(values, 0.0, 1000.0)) == 25


def test_no_density_of_fewer_than_two_values():
    grid = np.linspace(0, 180, 7)
    assert not linear_density(np.array([3.0]), grid, None).any()
    assert not periodic_density(np.array([3.0]), grid).any()


@settings(deadline=None)
@given(st.lists(st.floats(0, 179.99), min_size=2, max_size=40), st.floats(0, 180))
def test_periodic_density_integrates_to_one_closes_and_turns(angles, turn):
    angles = np.array(angles)
    grid = np.linspace(0, 180, 721)
    density = periodic_density(angles, grid)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    assert density[0] == pytest.approx(density[-1])
    turned = periodic_density((angles + turn) % 180, (grid + turn) % 180)
    assert turned == pytest.approx(density, abs=1e-9)


def test_periodic_density_of_equal_angles_is_one_narrow_peak():
    grid = np.linspace(0, 180, 721)
    density = periodic_density(np.full(7, 41.3), grid)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    assert grid[density.argmax()] == pytest.approx(41.3, abs=0.3)


def test_periodic_density_joins_both_ends():
    grid = np.array([0.0, 90.0])
    density = periodic_density(np.array([177.0, 3.0, 179.0, 1.0]), grid)
    assert density[0] > 20 * density[1]


def test_the_linear_density_is_scipys():
    values = np.random.default_rng(3).lognormal(1, 0.6, 40)
    grid = np.linspace(-2, 15, 90)
    expected = gaussian_kde(values)(grid)
    np.testing.assert_allclose(linear_density(values, grid, None), expected, rtol=1e-9, atol=1e-15)


def test_linear_density_keeps_its_mass_above_the_limit():
    values = np.random.default_rng(0).exponential(2.0, 60) + 1
    grid = np.linspace(-10, 40, 20001)
    density = linear_density(values, grid, 1.0)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    assert not density[grid < 1].any()
    assert not linear_density(np.array([3.0]), grid, None).any()
