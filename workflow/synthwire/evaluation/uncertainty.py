"""Bootstrap intervals, and tests in pairs, of everything that an evaluation measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from synthwire.errors import InputError
from synthwire.evaluation.average_precision import AREA_METRICS, coco_metrics
from synthwire.evaluation.case import Case
from synthwire.evaluation.instances import Hits, percent
from synthwire.evaluation.matching import Detections, Matching
from synthwire.evaluation.overlap import OverlapRange

FEWEST_RESAMPLED = 5  # units or particles; an interval from fewer would say nothing
NO_INTERVAL = (math.nan, math.nan)


class Measured(NamedTuple):
    """What was found in each resampling unit, from which all metrics follow.

    `pixels` (units, 3) counts TP, FP and FN pixels; `outlines` (units, 4) is that of
    `boundary.outline_counts`, None where it was not asked for.
    """

    matchings: dict[str, Matching]
    overlaps: list[OverlapRange]
    pixels: np.ndarray
    hits: Hits
    outlines: np.ndarray | None


def resample(case: Case, measured: Measured, settings: Mapping, seed: int, *, limit: int) -> dict:
    """Bootstrap intervals (`bootstrap_interval`), over images or over blocks of few images.

    {unit, units, replicates, level, intervals, draws}: `intervals` holds [low, high] of each
    metric by name, `draws` the replicates of those that are compared in pairs: accuracy,
    bbox_ap … segm_apl, overlap_0 … and relative_count_error. Which units are drawn depends on the
    number of units and `seed` alone, so two models on the same images are drawn alike. Fewer than
    five units, or five particles of a size or an overlap, give no interval (null).
    """
    units, replicates = case.units.number, settings["bootstrap_replicates"]
    level = settings["bootstrap_level"]
    result = {
        "unit": case.units.kind,
        "units": units,
        "replicates": replicates,
        "level": level,
        "intervals": None,
        "draws": None,
    }
    if units < FEWEST_RESAMPLED:
        return result
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    drawn = generator.multinomial(units, np.full(units, 1 / units), size=replicates)
    weights = np.concatenate([np.ones((1, units)), drawn])  # the plain value first
    paired, others = _metrics_of_draws(measured, weights, limit)
    scarce = _scarce_metrics(measured)
    result["intervals"] = {
        name: NO_INTERVAL
        if name in scarce
        else np.clip(
            bootstrap_interval(values[1:], float(values[0]), units, level), *_range_of(name)
        )
        for name, values in (paired | others).items()
    }
    result["draws"] = {name: values[1:].round(3) for name, values in paired.items()}
    return result


def _metrics_of_draws(
    measured: Measured, weights: np.ndarray, limit: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Metrics (draws,) by name: those that are compared in pairs, and the others."""
    paired, others = {}, {}
    tp, fp, fn = (weights @ measured.pixels).T
    paired["accuracy"] = percent(tp, tp + fp + fn)
    for kind, matching in measured.matchings.items():
        for name, values in coco_metrics(matching, weights, limit=limit).items():
            paired[f"{kind}_{name}"] = values
    for number, found in enumerate(measured.overlaps):
        paired[f"overlap_{number}"] = found.average_precision(weights, limit).mean(axis=1)
    hits = measured.hits
    tp, fp, fn = (weights @ hits.counts[:, 0]).T
    paired["relative_count_error"] = percent(fp - fn, tp + fn)
    others["precision50"] = percent(tp, tp + fp)
    others["recall50"] = percent(tp, tp + fn)
    others["f1_50"] = percent(2 * tp, 2 * tp + fp + fn)
    others["pq"] = percent(weights @ hits.overlap, tp + fp / 2 + fn / 2)
    if measured.outlines is not None:
        right, drawn, found, true = (weights @ measured.outlines).T
        precision, recall = percent(right, drawn), percent(found, true)
        with np.errstate(invalid="ignore"):
            others["boundary_f1"] = 2 * precision * recall / (precision + recall)
    return paired, others


def _scarce_metrics(measured: Measured) -> set[str]:
    """Names of the metrics that rest on too few particles for an interval."""

    def few(parts: list[Detections]) -> bool:
        return sum(int(part.positives.sum()) for part in parts) < FEWEST_RESAMPLED

    scarce = {
        f"overlap_{number}" for number, found in enumerate(measured.overlaps) if few(found.parts)
    }
    for kind, matching in measured.matchings.items():
        if few(matching["all"]):
            scarce |= {f"{kind}_{name}" for name in ("ap", "ap50", "ap75")}
        scarce |= {f"{kind}_{name}" for name, area in AREA_METRICS.items() if few(matching[area])}
    return scarce


def _range_of(metric: str) -> tuple[float, float]:
    return (-100.0, math.inf) if metric == "relative_count_error" else (0.0, 100.0)


def bootstrap_interval(
    draws: np.ndarray, value: float, units: int, level: float
) -> tuple[float, float]:
    """Interval (low, high) of a quantity from its bootstrap replicates; NaN without any.

    `value` is the quantity itself, `units` the number of units drawn from, `level` the confidence
    in percent. The percentiles are those of Student's t for so few units (Hesterberg, Am. Stat.
    69 (2015)), and are shifted by twice the bias of the replicates: average precision of few
    particles lies above that of many, and a bootstrap adds that bias once more. The value itself
    always lies inside. On single simulated images (30 wires, 16 blocks) intervals of 95 % held
    what many such images give in 84 % (AP), 87 % (accuracy) and 91–96 % (others) of the cases.
    """
    from scipy.stats import norm as normal  # here, since it takes long to load
    from scipy.stats import t as student

    draws = draws[~np.isnan(draws)]
    if not len(draws) or math.isnan(value):
        return math.nan, math.nan
    quantile = student.ppf(0.5 + level / 200, units - 1) * math.sqrt(units / (units - 1))
    tail = 100 * normal.cdf(-quantile)
    low, high = np.percentile(draws, [tail, 100 - tail]) - 2 * (draws.mean() - value)
    return min(float(low), value), max(float(high), value)


def paired_difference(first: Mapping, second: Mapping, metric: str = "segm_ap") -> dict | None:
    """Difference first − second of one metric between two models on the same images, tested.

    `first` and `second` are results of `evaluate_predictions`, `metric` a key of their `draws`.
    Returns {difference, low, high, p}: the interval of the paired bootstrap, and the two-sided
    achieved significance level, twice the smaller share of replicates on either side of zero;
    None where a model has no draws of it. InputError where they were not drawn alike.
    """
    one, two = first.get("uncertainty") or {}, second.get("uncertainty") or {}
    drawn = draws_of(first, metric), draws_of(second, metric)
    if drawn[0] is None or drawn[1] is None:
        return None
    for key in ("unit", "units", "replicates", "level"):
        if one[key] != two[key]:
            raise InputError(
                f"models with {key} {one[key]} and {two[key]} were not resampled alike; "
                "evaluate both with the same settings on the same images"
            )
    draws = drawn[0] - drawn[1]
    draws = draws[~np.isnan(draws)]
    difference = value_of(first, metric) - value_of(second, metric)
    if not len(draws):
        return None
    low, high = bootstrap_interval(draws, difference, one["units"], one["level"])
    below, above = np.sum(draws <= 0), np.sum(draws >= 0)
    p = min(1.0, 2 * (min(below, above) + 1) / (len(draws) + 1))
    return {"difference": difference, "low": low, "high": high, "p": float(p)}


def value_of(evaluation: Mapping, metric: str) -> float:
    """A metric by the name that it has in `draws`; NaN where it does not exist."""
    if metric == "accuracy":
        value = evaluation["accuracy"]
    elif metric == "relative_count_error":
        value = evaluation["count"]["relative_error"]
    else:
        kind, name = metric.split("_")
        value = (
            evaluation["overlap"][int(name)]["ap"] if kind == "overlap" else evaluation[kind][name]
        )
    return math.nan if value is None else float(value)


def interval_of(evaluation: Mapping, metric: str) -> tuple[float, float]:
    """Bootstrap interval (low, high) of a metric; NaN where there is none."""
    found = _uncertainty(evaluation, "intervals").get(metric) or NO_INTERVAL
    low, high = (math.nan if end is None else float(end) for end in found)
    return low, high


def draws_of(evaluation: Mapping, metric: str) -> np.ndarray | None:
    """Bootstrap replicates of a metric; None where there are none."""
    found = _uncertainty(evaluation, "draws").get(metric)
    return None if found is None else np.array(found, dtype=np.float64)


def _uncertainty(evaluation: Mapping, part: str) -> Mapping:
    return (evaluation.get("uncertainty") or {}).get(part) or {}
