"""Intervals, differences of groups, and lengths that the image's edge cuts."""

import numpy as np
import pytest
from scipy.stats import norm

from synthwire.particles.population import (
    FEWEST_IMAGES,
    censored_quantile,
    difference,
    estimate,
    mean,
    median,
    order_parameter,
    ratio,
    survival,
    survival_band,
    survival_draws,
)

IMAGES = 8
SHIFT = 0.2  # of the logarithm, between the groups


def group(rng, shift):
    """Sizes of a lognormal population in images that differ, each with its own number."""
    numbers = rng.poisson(30, IMAGES) + 1
    image_of = np.repeat(np.arange(IMAGES), numbers)
    values = np.exp(
        shift + rng.normal(0, 0.12, IMAGES)[image_of] + rng.normal(0, 0.4, len(image_of))
    )
    return values, image_of


def test_intervals_of_a_known_difference_hold_it_as_often_as_they_say():
    """Between 93 and 97 % of 200 simulated comparisons, for means and for medians."""
    rng = np.random.default_rng(7)
    true_mean = np.exp((0.12**2 + 0.4**2) / 2)
    held = np.zeros(4)
    for number in range(200):
        first, second = group(rng, 0.0), group(rng, SHIFT)
        means = [estimate(mean(*g, IMAGES), IMAGES, seed=number + 10_000 * k)
                 for k, g in enumerate((first, second))]  # fmt: skip
        medians = [estimate(median(*g), IMAGES, replicates=400, seed=number + 10_000 * k)
                   for k, g in enumerate((first, second))]  # fmt: skip
        for place, (pair, factor) in enumerate(((means, true_mean), (medians, 1.0))):
            found = difference(*pair)
            held[place] += found.low <= factor * np.expm1(SHIFT) <= found.high
            held[2 + place] += pair[0].low <= factor <= pair[0].high
    share = held / 200
    assert (share[:2] >= 0.93).all() and (share[:2] <= 0.97).all(), share
    assert (share[2:] >= 0.92).all() and (share[2:] <= 0.98).all(), share


def test_groups_of_one_population_differ_as_rarely_as_the_test_says():
    rng = np.random.default_rng(3)
    p = []
    for _ in range(200):
        pair = [estimate(mean(*group(rng, 0.0), IMAGES), IMAGES, replicates=300) for _ in range(2)]
        p.append(difference(*pair).p)
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_statistics_by_hand():
    values, units = np.array([1.0, 2.0, 3.0, 10.0]), np.array([0, 0, 1, 1])
    weights = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    found = mean(values, units, 2)(weights)
    assert found[:3] == pytest.approx([4, 1.5, 6.5]) and np.isnan(found[3])
    found = median(values, units)(weights)
    assert found[:3] == pytest.approx([2.5, 1.5, 6.5]) and np.isnan(found[3])
    found = ratio(np.array([3.0, 5.0]), np.array([1.0, 1.0]))(weights)
    assert found[:3] == pytest.approx([4, 3, 5])
    order = order_parameter(np.array([10.0, 190.0, 100.0, 100.0]), units, 2)(weights)
    assert order[:3] == pytest.approx([0, 1, 1])


def test_an_interval_stays_within_its_bounds_and_holds_the_truth_as_often():
    """The order of orientations in three images, which is 0, or near to 1."""
    rng = np.random.default_rng(5)
    units = np.repeat(np.arange(3), 20)
    for spread, true in ((None, 0.0), (8.0, np.exp(-2 * np.radians(8.0) ** 2))):
        held, cut = 0, 0
        for _ in range(100):
            degrees = rng.uniform(0, 180, 60) if spread is None else rng.normal(30, spread, 60)
            statistic = order_parameter(degrees, units, 3)
            found = estimate(statistic, 3, within=(0, 1), replicates=300)
            free = estimate(statistic, 3, replicates=300)
            assert (found.low, found.high) == (max(free.low, 0), min(free.high, 1))
            assert (found.value, found.error) == (free.value, free.error)
            held += found.low <= true <= found.high
            cut += found.low > free.low or found.high < free.high
        assert held >= 88 and cut > 0, (held, cut)


def test_the_means_error_is_that_of_the_formula():
    values = np.random.default_rng(0).normal(5, 2, 50)
    found = estimate(mean(values, np.arange(50), 50), 50, replicates=4000)
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(50), rel=0.05)
    one = estimate(mean(values[:1], np.zeros(1, int), 1), 1)
    assert one.value == values[0] and np.isnan(one.low)
    nothing = estimate(mean(values[:0], np.zeros(0, int), 0), 0)
    assert np.isnan(nothing.value) and FEWEST_IMAGES == 3


def seen(rng, count=12_000, side=1000.0):
    """Wires at random places and directions, clipped by a square: true and seen lengths, cut."""
    length = rng.lognormal(np.log(250), 0.5, count)
    angle = rng.uniform(0, np.pi, count)
    half = 0.5 * length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    middle = rng.uniform(-1500, 2500, (count, 2))
    ends = np.stack([-middle + half, side - middle + half]) / (2 * half)
    first = np.maximum(ends.min(axis=0).max(axis=1), 0)
    last = np.minimum(ends.max(axis=0).min(axis=1), 1)
    inside = last > first
    cut = (first > 0) | (last < 1)
    return length, ((last - first) * length)[inside], cut[inside]


def test_lengths_beyond_the_images_edge_are_allowed_for():
    """A quarter of the true median is missing of what is seen, a tenth of whole wires alone."""
    rng = np.random.default_rng(1)
    pooled = [seen(rng) for _ in range(6)]
    true = np.median(np.concatenate([part[0] for part in pooled]))
    lengths, cut = (np.concatenate([part[k] for part in pooled]) for k in (1, 2))
    assert np.median(lengths) < 0.8 * true and np.median(lengths[~cut]) < 0.95 * true
    units = np.arange(len(lengths))
    found = censored_quantile(lengths, cut, units)(np.ones((1, len(lengths))))[0]
    assert found == pytest.approx(true, rel=0.03)
    assert (~cut).sum() + cut.sum() / 2 == pytest.approx(6 * 12_000 / 16, rel=0.05)  # their number


def test_many_draws_at_once_give_what_scipy_gives_one_by_one():
    rng = np.random.default_rng(4)
    lengths = rng.integers(1, 30, 60).astype(float)  # with ties
    cut, unit_of = rng.random(60) < 0.4, rng.integers(0, 7, 60)
    weights = rng.multinomial(7, np.full(7, 1 / 7), size=20).astype(float)
    places, shares = survival_draws(lengths, cut, unit_of)
    for row, found in zip(weights, shares(weights), strict=True):
        times = row[unit_of].astype(int)
        at, expected = survival(np.repeat(lengths, times), np.repeat(cut, times))
        assert found[np.isin(places, at)] == pytest.approx(expected)


def test_the_band_about_the_distribution_holds_the_true_one():
    """In 100 simulated fields, at half and at the whole of the median length."""
    rng = np.random.default_rng(5)
    held = np.zeros(2)
    for _ in range(100):
        _, lengths, cut = seen(rng, count=1600)  # a hundred wires or so in the field
        units = len(lengths)
        places, share, low, high = survival_band(lengths, cut, np.arange(units), units)
        assert len(places) <= 200 and (np.diff(share) <= 0).all()
        for number, factor in enumerate((0.5, 1.0)):
            place = np.searchsorted(places, 250 * factor, side="right") - 1
            true = norm.sf(np.log(factor) / 0.5)
            held[number] += low[place] <= true <= high[place]
    assert (held >= 88).all(), held
    assert np.isnan(survival_band(lengths[:1], cut[:1] & False, np.zeros(1, int), 1)[2]).all()


def test_without_cuts_the_survival_is_that_of_the_lengths():
    places, shares = survival(np.array([3.0, 1.0, 2.0, 4.0]), np.zeros(4, bool))
    assert places.tolist() == [1, 2, 3, 4]
    assert shares == pytest.approx([0.75, 0.5, 0.25, 0])
    assert not len(survival(np.array([3.0]), np.ones(1, bool))[0])
