import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwire.errors import InputError
from synthwire.structures import distributions


def draws(spec, n=4000):
    rng = np.random.default_rng(0)
    distribution = distributions.parse(spec, "field")
    return np.array([distribution.sample(rng) for _ in range(n)])


def test_moments():
    assert set(draws(5, 10)) == {5.0}
    values = draws({"distribution": "uniform", "low": 2, "high": 4})
    assert values.min() >= 2 and values.max() <= 4 and abs(values.mean() - 3) < 0.03
    values = draws({"distribution": "normal", "mean": 10, "std": 2})
    assert abs(values.mean() - 10) < 0.1 and abs(values.std() - 2) < 0.1
    values = draws({"distribution": "lognormal", "median": 100, "sigma": 0.5})
    assert abs(np.median(values) - 100) < 4
    assert abs(np.log(values).std() - 0.5) < 0.02
    values = draws({"distribution": "loguniform", "low": 1, "high": 100})
    assert abs(np.median(values) - 10) < 1.5
    values = draws({"distribution": "empirical", "values": [1, 2, 4], "weights": [1, 0, 3]})
    assert set(values) == {1.0, 4.0} and abs((values == 4).mean() - 0.75) < 0.03


@given(
    low=st.floats(1, 50),
    width=st.floats(0.5, 50),
    spec=st.sampled_from(
        [
            {"distribution": "normal", "mean": 30, "std": 40},
            {"distribution": "lognormal", "median": 20, "sigma": 1},
            {"distribution": "uniform", "low": 0, "high": 120},
        ]
    ),
)
def test_truncation_holds(low, width, spec):
    distribution = distributions.parse({**spec, "min": low, "max": low + width}, "field")
    values = [distribution.sample(np.random.default_rng(i)) for i in range(20)]
    assert all(low - 1e-6 <= value <= low + width + 1e-6 for value in values)
    assert distribution.support[0] >= low and distribution.support[1] <= low + width


def test_support():
    assert distributions.parse(3, "f").support == (3, 3)
    normal = {"distribution": "normal", "mean": 1, "std": 1}
    assert distributions.parse(normal, "f").support == (-math.inf, math.inf)
    assert distributions.parse({**normal, "min": 0.5}, "f").support == (0.5, math.inf)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("wide", "neither a number nor a distribution"),
        (True, "neither a number nor a distribution"),
        ({"distribution": "gamma"}, "distribution: 'gamma' is none of constant"),
        ({"distribution": "normal", "mean": 1}, r"std: missing; normal needs mean and std"),
        ({"distribution": "normal", "mean": 1, "std": 1, "low": 2}, "low: not a field of normal"),
        ({"distribution": "normal", "mean": 1, "std": -1}, "std: -1 is negative"),
        ({"distribution": "uniform", "low": 3, "high": 1}, "low: 3 is above high, 1"),
        ({"distribution": "uniform", "low": 3, "high": "x"}, "high: 'x' is not a number"),
        ({"distribution": "uniform", "low": 3, "high": math.nan}, "not a finite number"),
        ({"distribution": "uniform", "low": 3, "high": 5, "min": 6}, "no value can lie"),
        ({"distribution": "empirical", "values": []}, "at least one number"),
        ({"distribution": "empirical", "values": [1, 2], "weights": [1]}, "one weight for each"),
        ({"distribution": "empirical", "values": [1, 2], "max": 0}, "no value within min and max"),
        ({"distribution": "uniform", "low": -1, "high": 5}, "can give -1"),
        ({"distribution": "normal", "mean": 9, "std": 1}, "can give -inf"),
        (0, "can give 0"),
    ],
)
def test_wrong_specifications_are_named(spec, message):
    with pytest.raises(InputError, match=message) as caught:
        distributions.parse(spec, "structures.length_nm", positive=True)
    assert str(caught.value).startswith("structures.length_nm")


def test_hopeless_truncation_ends():
    distribution = distributions.parse(
        {"distribution": "normal", "mean": 0, "std": 1, "min": 50}, "field"
    )
    with pytest.raises(InputError, match="20000 draws"):
        distribution.sample(np.random.default_rng(0))
