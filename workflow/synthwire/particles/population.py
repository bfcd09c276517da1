"""What a sample of particles says of the population that it comes from, with intervals.

Particles of one image share its place on the specimen, its focus and its contrast. So where there
are several images they are what is drawn from, each with all its particles (cluster bootstrap);
intervals are Student's t for so many images times the bootstrap's standard error.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

FEWEST_IMAGES = 3  # from here on images are the units; below, particles
REPLICATES = 1000
SEED = 20221
LEVEL = 0.95
BAND_PLACES = 200
CHUNK = 4_000_000  # weights at a time

# from weights (draws, units) to the statistic (draws,)
Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Estimate:
    """A statistic with its standard error and 95 % interval; units: how many were drawn from."""

    value: float
    error: float
    low: float
    high: float
    units: int


@dataclass(frozen=True)
class Difference:
    """Second minus first of two estimates, its interval, and the two-sided p of Welch's test."""

    value: float
    low: float
    high: float
    p: float


def estimate(
    statistic: Statistic,
    units: int,
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Estimate:
    """A statistic with its interval, from draws of `units` with replacement.

    within: bounds of what is possible, at which the interval is cut: it holds the truth as often,
    where percentiles of the draws, of few units, hold it less often. NaN for error and interval
    where there are fewer than two units, or where draws are not defined.
    """
    value = float(statistic(np.ones((1, max(units, 1))))[0]) if units else math.nan
    if units < 2 or math.isnan(value):
        return Estimate(value, math.nan, math.nan, math.nan, units)
    draws = statistic(_draws(units, replicates, seed))
    draws = draws[np.isfinite(draws)]
    if len(draws) < 2:
        return Estimate(value, math.nan, math.nan, math.nan, units)
    # draws of n units spread as n − 1 of them would
    error = float(draws.std(ddof=1)) * math.sqrt(units / (units - 1))
    reach = _quantile(units - 1) * error
    low, high = max(value - reach, within[0]), min(value + reach, within[1])
    return Estimate(value, error, low, high, units)


def difference(first: Estimate, second: Estimate) -> Difference:
    """Second minus first, of independent groups (Welch, Biometrika 34, 28 (1947))."""
    value = second.value - first.value
    squares = first.error**2, second.error**2
    total = sum(squares)
    if not total > 0:
        return Difference(value, math.nan, math.nan, math.nan)
    freedom = total**2 / sum(
        square**2 / (one.units - 1) for square, one in zip(squares, (first, second), strict=True)
    )
    error = math.sqrt(total)
    reach = _quantile(freedom) * error
    p = 2 * float(stdtr(freedom, -abs(value) / error))  # of Student's t
    return Difference(value, value - reach, value + reach, p)


def mean(values: np.ndarray, unit_of: np.ndarray, units: int) -> Statistic:
    """Mean of all values (n,), each of a unit `unit_of` (n,) from 0 on."""
    return ratio(np.bincount(unit_of, values, units), np.bincount(unit_of, minlength=units))


def ratio(above: np.ndarray, below: np.ndarray) -> Statistic:
    """Sum over sum of what units (n,) hold, as particles over area."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return (weights @ above) / (weights @ below)

    return statistic


def median(values: np.ndarray, unit_of: np.ndarray) -> Statistic:
    """Median of all values (n,); of two in the middle their mean."""
    order = np.argsort(values, kind="stable")
    ordered, unit_of = values[order], unit_of[order]

    def medians(weights: np.ndarray) -> np.ndarray:
        total = np.cumsum(weights[:, unit_of], axis=1)
        if not total.size:
            return np.full(len(weights), np.nan)
        half = total[:, -1:] / 2
        low = np.argmax(total >= half, axis=1)
        high = np.argmax(total > half, axis=1)
        found = 0.5 * (ordered[low] + ordered[high])
        return np.where(total[:, -1] > 0, found, np.nan)

    return _in_parts(medians, len(ordered))


def order_parameter(degrees: np.ndarray, unit_of: np.ndarray, units: int) -> Statistic:
    """|⟨exp 2iθ⟩| of orientations (n,): 0 of random, 1 of parallel particles."""
    angles = 2 * np.radians(degrees)
    parts = [np.bincount(unit_of, part, units) for part in (np.cos(angles), np.sin(angles))]
    numbers = np.bincount(unit_of, minlength=units)

    def statistic(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.hypot(weights @ parts[0], weights @ parts[1]) / (weights @ numbers)

    return statistic


def survival(lengths: np.ndarray, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of wires longer than a length, where the image's edge cuts some (Kaplan–Meier).

    lengths: (n,), of what is seen; cut: (n,), whether the edge cuts the wire, so that it is longer.
    A wire belongs to the image in which its first end lies, whichever end that is: then its cut
    length says nothing of the true one but that it is longer, and the estimator is right. Whole
    wires lie with either end in the image, of cut ones half would belong to a neighbouring image;
    so whole ones count twice and cut ones once (Laslett, Biometrika 69, 223 (1982), has the
    problem for segments; none may be cut at both ends). Returns lengths (m,), and the share (m,).
    """
    whole, open_ended = lengths[~cut], lengths[cut]
    if not len(whole):
        return np.empty(0), np.empty(0)
    from scipy.stats import CensoredData, ecdf  # here, since it takes long to load

    sample = CensoredData(uncensored=np.repeat(whole, 2), right=open_ended)
    found = ecdf(sample).sf
    return found.quantiles, found.probabilities


def survival_draws(
    lengths: np.ndarray, cut: np.ndarray, unit_of: np.ndarray
) -> tuple[np.ndarray, Statistic]:
    """`survival` of many draws at once: lengths (m,), and from weights the shares (draws, m).

    SciPy has the estimator for one sample at a time; a test holds this one to it.
    """
    places, group = np.unique(lengths, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(places)))
    ends, times, whole = unit_of[order], np.where(cut, 1.0, 2.0)[order], ~cut[order]

    def shares(weights: np.ndarray) -> np.ndarray:
        counts = weights[:, ends] * times
        ending = np.add.reduceat(counts * whole, starts, axis=1)
        there = np.add.reduceat(counts, starts, axis=1)[:, ::-1].cumsum(axis=1)[:, ::-1]
        left = 1 - np.divide(ending, there, out=np.zeros_like(ending), where=there > 0)
        return np.cumprod(left, axis=1)

    return places, shares


def censored_quantile(
    lengths: np.ndarray, cut: np.ndarray, unit_of: np.ndarray, share: float = 0.5
) -> Statistic:
    """The length that all wires but a share exceed, by `survival`; NaN where none is so long."""
    if not len(lengths):
        return lambda weights: np.full(len(weights), np.nan)
    places, shares = survival_draws(lengths, cut, unit_of)

    def statistic(weights: np.ndarray) -> np.ndarray:
        below = shares(weights) <= 1 - share + 1e-9
        return np.where(below.any(axis=1), places[np.argmax(below, axis=1)], np.nan)

    return _in_parts(statistic, len(lengths))


def survival_band(
    lengths: np.ndarray, cut: np.ndarray, unit_of: np.ndarray, units: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`survival` with its 95 % interval: lengths, shares, low and high ends, each (m,).

    At no more than `BAND_PLACES` of the lengths, spread evenly over their order. NaN for the ends
    where there are fewer than two units.
    """
    if not len(lengths) or cut.all():
        return (np.empty(0),) * 4
    places, shares = survival_draws(lengths, cut, unit_of)
    chosen = np.unique(np.linspace(0, len(places) - 1, BAND_PLACES).round().astype(int))
    at_places = _in_parts(lambda weights: shares(weights)[:, chosen], len(lengths))
    value = at_places(np.ones((1, units)))[0]
    if units < 2:
        unknown = np.full(len(chosen), np.nan)
        return places[chosen], value, unknown, unknown
    error = at_places(_draws(units, REPLICATES, SEED)).std(axis=0, ddof=1)
    reach = _quantile(units - 1) * error * math.sqrt(units / (units - 1))
    return places[chosen], value, np.clip(value - reach, 0, 1), np.clip(value + reach, 0, 1)


def _quantile(freedom: float) -> float:
    """Student's t within which a share `LEVEL` lies."""
    return float(stdtrit(freedom, 0.5 + LEVEL / 2))


def _in_parts(statistic: Statistic, size: int) -> Statistic:
    """The same, of so few weights at a time that their work on `size` values fits in memory."""
    step = max(1, CHUNK // max(size, 1))
    return lambda weights: np.concatenate(
        [statistic(weights[i : i + step]) for i in range(0, len(weights), step)]
    )


@functools.lru_cache(maxsize=1)  # all statistics of one sample rest on the same draws
def _draws(units: int, replicates: int, seed: int) -> np.ndarray:
    """How often each unit is drawn (replicates, units), with replacement."""
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    drawn = generator.multinomial(units, np.full(units, 1 / units), size=replicates)
    return drawn.astype(float)
