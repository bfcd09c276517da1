"""Random quantities of the generator: sizes, counts, angles.

A quantity is written in the config either as a number (constant) or as an object, e.g.
`{distribution: lognormal, median: 1200, sigma: 0.5, min: 200, max: 4000}`.

| distribution | fields |
|---|---|
| constant | value |
| uniform | low, high |
| loguniform | low, high (uniform in the logarithm) |
| normal | mean, std |
| lognormal | median, sigma (standard deviation of the natural logarithm) |
| empirical | values (a measured sample, drawn with replacement), weights (optional) |

`min` and `max` truncate any of them: a value outside is drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from synthwire.errors import InputError

_FIELDS = {
    "constant": ("value",),
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "normal": ("mean", "std"),
    "lognormal": ("median", "sigma"),
    "empirical": ("values",),
}

_OPTIONAL = {"empirical": ("weights",)}
KINDS = tuple(_FIELDS)
MAX_DRAWS = 20_000  # for a truncated value: fails for what is rarer than about one in 2000


@dataclass(frozen=True)
class Distribution:
    """One random quantity; made by `parse`.

    Attributes
    ----------
    kind: one of KINDS.
    first, second: its two parameters in the order of the table above (second 0 for constant).
    minimum, maximum: the truncation, ±inf without.
    values, weights: the sample of an empirical distribution, weights summing to 1.
    """

    kind: str
    first: float = 0.0
    second: float = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf
    values: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    def sample(self, rng: np.random.Generator) -> float:
        """Draw one value.

        It is rounded to nine digits, so that the last bit of a machine's own exp or log does not
        travel on into the voxels.
        """
        for _ in range(MAX_DRAWS):
            value = self._draw(rng)
            if self.minimum <= value <= self.maximum:
                return float(f"{value:.9g}")
        raise InputError(
            f"a {self.kind} distribution gave no value within {self.minimum:g} and "
            f"{self.maximum:g} in {MAX_DRAWS} draws; widen min and max or move the distribution"
        )

    def _draw(self, rng: np.random.Generator) -> float:
        match self.kind:
            case "constant":
                return self.first
            case "uniform":
                return self.first + (self.second - self.first) * rng.random()
            case "loguniform":
                return self.first * (self.second / self.first) ** rng.random()
            case "normal":
                return self.first + self.second * rng.standard_normal()
            case "lognormal":
                return self.first * math.exp(self.second * rng.standard_normal())
            case _:
                return self.values[int(rng.choice(len(self.values), p=self.weights))]

    @property
    def support(self) -> tuple[float, float]:
        """Least and greatest value that can occur (±inf where there is no bound)."""
        match self.kind:
            case "constant":
                low = high = self.first
            case "uniform" | "loguniform":
                low, high = self.first, self.second
            case "normal":
                low, high = (-math.inf, math.inf) if self.second > 0 else (self.first,) * 2
            case "lognormal":
                low, high = (0.0, math.inf) if self.second > 0 else (self.first,) * 2
            case _:
                low, high = min(self.values), max(self.values)
        return max(low, self.minimum), min(high, self.maximum)

    def quantiles(self, probabilities: np.ndarray, draws: int = 2000) -> np.ndarray:
        """Quantiles estimated from a fixed pseudo-random sample; for checks before work starts."""
        rng = np.random.default_rng(0)
        return np.quantile([self.sample(rng) for _ in range(draws)], probabilities)


def parse(spec: float | Mapping, where: str, *, positive: bool = False) -> Distribution:
    """Make a Distribution of its config entry.

    Parameters
    ----------
    spec: a number, or a mapping as in the table of this module.
    where: the field's full name, for the error message.
    positive: refuse distributions that can give zero or less.

    Raises
    ------
    InputError naming the field and what would be right.
    """
    if isinstance(spec, bool) or not isinstance(spec, (int, float, Mapping)):
        raise InputError(f"{where}: {spec!r} is neither a number nor a distribution")
    if not isinstance(spec, Mapping):
        spec = {"distribution": "constant", "value": spec}
    spec = {key: value for key, value in spec.items() if value is not None}
    kind = spec.get("distribution")
    if kind not in _FIELDS:
        raise InputError(f"{where}.distribution: {kind!r} is none of {', '.join(KINDS)}")
    allowed = {"distribution", "min", "max", *_FIELDS[kind], *_OPTIONAL.get(kind, ())}
    for field in _FIELDS[kind]:
        if field not in spec:
            raise InputError(f"{where}.{field}: missing; {kind} needs {_and(_FIELDS[kind])}")
    for field in spec:
        if field not in allowed:
            raise InputError(
                f"{where}.{field}: not a field of {kind}, which takes {_and(_FIELDS[kind])}, "
                "min and max"
            )
    if kind == "empirical":
        numbers = _empirical(spec, where)
    else:
        pair = [_number(spec[field], f"{where}.{field}") for field in _FIELDS[kind]]
        numbers = dict(zip(("first", "second"), pair, strict=False))
        _check_pair(kind, numbers["first"], numbers.get("second", 0.0), where)
    result = Distribution(
        kind=kind,
        minimum=_number(spec.get("min", -math.inf), f"{where}.min", finite=False),
        maximum=_number(spec.get("max", math.inf), f"{where}.max", finite=False),
        **numbers,
    )
    low, high = result.support
    if low > high:
        raise InputError(
            f"{where}: no value can lie within min {result.minimum:g} and max {result.maximum:g}"
        )
    if positive and (low < 0 or high <= 0 or (low == 0 and kind != "lognormal")):
        raise InputError(
            f"{where}: can give {low:g}, which is not above 0; set min or other parameters"
        )
    return result


def _and(words: Iterable[str]) -> str:
    return " and ".join(words)


def _number(value: object, where: str, *, finite: bool = True) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{where}: {value!r} is not a number")
    if math.isnan(value) or (finite and math.isinf(value)):
        raise InputError(f"{where}: {value!r} is not a finite number")
    return float(value)


def _check_pair(kind: str, first: float, second: float, where: str) -> None:
    if kind in ("uniform", "loguniform") and first > second:
        raise InputError(f"{where}.low: {first:g} is above high, {second:g}")
    if kind == "loguniform" and first <= 0:
        raise InputError(f"{where}.low: {first:g}; loguniform needs a low above 0")
    if kind == "normal" and second < 0:
        raise InputError(f"{where}.std: {second:g} is negative")
    if kind == "lognormal" and first <= 0:
        raise InputError(f"{where}.median: {first:g}; lognormal needs a median above 0")
    if kind == "lognormal" and second < 0:
        raise InputError(f"{where}.sigma: {second:g} is negative")


def _empirical(spec: Mapping, where: str) -> dict:
    values = spec["values"]
    if not isinstance(values, (list, tuple)) or not values:
        raise InputError(f"{where}.values: needs a list of at least one number")
    values = [_number(value, f"{where}.values[{i}]") for i, value in enumerate(values)]
    weights = spec.get("weights", [1.0] * len(values))
    if not isinstance(weights, (list, tuple)) or len(weights) != len(values):
        raise InputError(f"{where}.weights: needs one weight for each of {len(values)} values")
    weights = [_number(weight, f"{where}.weights[{i}]") for i, weight in enumerate(weights)]
    low, high = (
        _number(spec.get(k, d), f"{where}.{k}", finite=False)
        for k, d in (("min", -math.inf), ("max", math.inf))
    )
    kept = [(v, w) for v, w in zip(values, weights, strict=True) if w > 0 and low <= v <= high]
    if any(weight < 0 for weight in weights) or not kept:
        raise InputError(f"{where}: no value within min and max has a weight above 0")
    total = sum(weight for _, weight in kept)
    return {
        "values": tuple(value for value, _ in kept),
        "weights": tuple(weight / total for _, weight in kept),
    }
