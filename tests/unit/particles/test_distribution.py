"""Histograms with densities."""

import numpy as np
import pytest

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
