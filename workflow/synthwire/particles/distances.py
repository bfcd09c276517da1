"""How far the distributions of predicted particles lie from those of annotated ones."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from synthwire.particles.distribution import PERIOD_DEG, resultant

FEATURES = (
    "area_px",
    "length_px",
    "width_px",
    "aspect_ratio",
    "orientation_deg",
    "perimeter_px",
    "solidity",
    "curvature_per_px",
    "length_nm",
    "width_nm",
    "area_nm2",
    "perimeter_nm",
    "curvature_per_um",
)

PERIODS = {"orientation_deg": PERIOD_DEG}


def compare_distributions(particles: pd.DataFrame) -> pd.DataFrame:
    """Distance between the predicted and the annotated distribution of each feature.

    `particles` is the table of `particle_statistics`. One row per feature that both sides have:

    - `feature`, `annotated`, `predicted` (numbers of particles), `median_annotated`,
      `median_predicted` (mean directions for the orientation);
    - `wasserstein`: first Wasserstein distance, in the feature's own unit;
    - `wasserstein_relative`: the same over the standard deviation of the annotated values (over
      45°, the mean distance of two random directions, for the orientation);
    - `ks`, `p`: Kolmogorov–Smirnov distance and its p-value. Orientation has a period of 180°, so
      its Wasserstein distance is that on the circle, and Kuiper's distance takes the place of
      Kolmogorov's, which would depend on where the angles start.

    The p-value takes particles for independent.
    """
    from scipy.stats import ks_2samp, wasserstein_distance  # here, since it takes long to load

    sides = {source: group for source, group in particles.groupby("source")}
    rows = []
    for feature in FEATURES:
        if feature not in particles:
            continue
        annotated, predicted = (
            sides[source][feature].dropna().to_numpy(dtype=np.float64)
            if source in sides
            else np.empty(0)
            for source in ("annotation", "prediction")
        )
        if not len(annotated) or not len(predicted):
            continue
        period = PERIODS.get(feature)
        if period:
            distance = circular_wasserstein(annotated, predicted, period)
            ks, p = kuiper(annotated, predicted, period)
            middles = [mean_direction(values, period) for values in (annotated, predicted)]
            spread = period / 4
        else:
            distance = float(wasserstein_distance(annotated, predicted))
            test = ks_2samp(annotated, predicted)
            ks, p = float(test.statistic), float(test.pvalue)
            middles = [float(np.median(values)) for values in (annotated, predicted)]
            spread = float(annotated.std())
        relative = distance / spread if spread > 0 else math.nan
        rows.append((feature, len(annotated), len(predicted), *middles, distance, relative, ks, p))
    return pd.DataFrame(
        rows,
        columns=[
            "feature",
            "annotated",
            "predicted",
            "median_annotated",
            "median_predicted",
            "wasserstein",
            "wasserstein_relative",
            "ks",
            "p",
        ],
    )


def mean_direction(values: np.ndarray, period: float) -> float:
    """Mean of values on a circle, in [0, period)."""
    angle = float(np.angle(resultant(values, period))) % (2 * np.pi)
    return angle * period / (2 * np.pi) % period  # which it may round to


def _steps(first: np.ndarray, second: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Difference of the two distribution functions on each stretch of [0, period), and lengths."""
    first, second = np.sort(np.mod(first, period)), np.sort(np.mod(second, period))
    places = np.concatenate([[0.0], np.sort(np.concatenate([first, second])), [period]])
    difference = np.searchsorted(first, places[:-1], side="right") / len(first)
    difference = difference - np.searchsorted(second, places[:-1], side="right") / len(second)
    return difference, np.diff(places)


def circular_wasserstein(first: np.ndarray, second: np.ndarray, period: float) -> float:
    """First Wasserstein distance of two samples on a circle.

    Rabin, Delon and Gousseau, J. Math. Imaging Vis. 41 (2011): the least, over constants c, of
    ∫ |F − G − c|; c is a median of F − G along the circle.
    """
    difference, lengths = _steps(first, second, period)
    order = np.argsort(difference)
    middle = np.searchsorted(np.cumsum(lengths[order]), lengths.sum() / 2)
    return float(np.abs(difference - difference[order[middle]]) @ lengths)


def kuiper(first: np.ndarray, second: np.ndarray, period: float) -> tuple[float, float]:
    """Kuiper's distance of two samples on a circle, and its asymptotic p-value."""
    difference, _ = _steps(first, second, period)
    distance = float(difference.max() - difference.min())
    number = len(first) * len(second) / (len(first) + len(second))
    scaled = (math.sqrt(number) + 0.155 + 0.24 / math.sqrt(number)) * distance
    if scaled < 0.4:  # the series does not converge; p is 1 to seven digits
        return distance, 1.0
    j = np.arange(1, 101)
    terms = (4 * j**2 * scaled**2 - 1) * np.exp(-2 * j**2 * scaled**2)
    return distance, float(np.clip(2 * terms.sum(), 0.0, 1.0))
