"""The tests of the paper's claims: one function a kind of claim."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from synthwire.evaluation.uncertainty import (
    bootstrap_interval,
    draws_of,
    paired_difference,
    value_of,
)
from synthwire.study.claims import FAILS, HOLDS, NAMES, UNDECIDED, UNTESTED, Judgement
from synthwire.study.study import SYNTHETIC, Study, comparable_groups, metric_of
from synthwire.study.table_texts import HEADINGS, interval_text, published, signed
from synthwire.watershed import WATERSHED

Known = TypeVar("Known")


def judge(claim: Mapping, study: Study, level: float) -> Judgement:
    """What a run says of one of the claims of `read_claims`; `level` in percent."""
    return _TESTS[claim["test"]](claim, study, level)


def _images(study: Study, name: str) -> str | None:
    """Image set of a claim: "synthetic", or what stands in table2, table3, table4."""
    return SYNTHETIC if name == SYNTHETIC else study.shown.get(_table_of(name))


def _table_of(name: str) -> int:
    return 1 if name == SYNTHETIC else int(name.removeprefix("table"))


def _best(study: Study, images: str | None) -> str | None:
    """The model of models.tsv with the greatest mask AP, as the paper chooses."""
    return next(iter(study.ranking(images)), None)


def _published_best(study: Study, name: str, metric: str) -> str:
    """The paper's value of a metric for its best model by mask AP, "–" if none."""
    table = study.paper(_table_of(name))
    value = table.loc[table["ap_segm"].idxmax()].get(metric_of(metric), math.nan)
    return published(value)


def _units(evaluations: Iterable[Mapping]) -> int:
    """The fewest units that any of some evaluations was resampled from."""
    return min((found.get("uncertainty") or {}).get("units", 0) for found in evaluations)


def _status(low: float, high: float, limit: float = 0.0) -> str:
    """Whether an interval lies above a limit."""
    if math.isnan(low):
        return UNDECIDED
    return HOLDS if low > limit else FAILS if high < limit else UNDECIDED


def _interval(
    value: float, draws: np.ndarray | None, units: int, level: float
) -> tuple[float, float]:
    return (math.nan, math.nan) if draws is None else bootstrap_interval(draws, value, units, level)


def _complete(values: Iterable[Known | None]) -> list[Known] | None:
    """The values; None where one is missing."""
    found = list(values)
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else None


def _signed_interval(low: float, high: float) -> str:
    return "(no interval)" if math.isnan(low) else f"[{signed(low)}, {signed(high)}]"


def _with_interval(name: str, value: float, low: float, high: float) -> str:
    return f"{name} {value:.1f} {interval_text(low, high) or '(no interval)'}"


class _Effect(NamedTuple):
    """A statistic of groups of models that differ in one hyperparameter alone.

    Its value, its bootstrap interval, the paper's value (NaN where it gives none), and how many
    trainings there are at least of each model.
    """

    value: float
    low: float
    high: float
    paper: float
    trainings: int

    def over_trainings(self) -> str:
        """What is said of an interval that covers the chance in training, too."""
        return f", {self.trainings} trainings each" if self.trainings > 1 else ""


def _draw_trainings(draws: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Bootstrap replicates of the mean over several trainings of a model, these drawn as well.

    draws: (trainings, replicates). A few trainings vary less about their own mean than about that
    of all that could have been made; the factor makes up for it.
    """
    trainings, replicates = draws.shape
    if trainings == 1:
        return draws[0]
    taken = generator.integers(trainings, size=(trainings, replicates))
    mean = draws.mean(axis=0)
    deviation = np.take_along_axis(draws, taken, axis=0).mean(axis=0) - mean
    return mean + deviation * math.sqrt(trainings / (trainings - 1))


def _effect(
    claim: Mapping, study: Study, level: float, statistic: Callable[[list[np.ndarray]], np.ndarray]
) -> _Effect | Judgement:
    """The statistic that a claim asks for; a judgement where no models can tell.

    `statistic` takes arrays (models of a group, …) and returns (…), or a number.
    """
    images, metric, parameter = _images(study, claim["images"]), claim["metric"], claim["parameter"]
    listed = study.models[study.models["model"].isin(study.listed(images))]
    groups = [group["model"].tolist() for group in comparable_groups(listed, parameter)]
    if not groups:
        return Judgement(UNTESTED, f"no two models differ in {HEADINGS[parameter]} alone")

    repetitions = study.repetitions
    repeated = {
        model: [name for name in repetitions[model] if study.evaluation(name, images)]
        for group in groups
        for model in group
    }

    def of(measures: Mapping[str, np.ndarray | float]) -> np.ndarray:
        return statistic([np.array([measures[model] for model in group]) for group in groups])

    found = {name: study.evaluation(name, images) for names in repeated.values() for name in names}
    values = {name: value_of(evaluation, metric) for name, evaluation in found.items()}
    value = float(
        of({m: float(np.mean([values[n] for n in names])) for m, names in repeated.items()})
    )
    draws = _complete(draws_of(evaluation, metric) for evaluation in found.values())
    sampled = None
    if draws is not None:
        drawn = dict(zip(found, draws, strict=True))
        generator = np.random.default_rng(0)
        sampled = of(
            {
                model: _draw_trainings(np.stack([drawn[n] for n in names]), generator)
                for model, names in repeated.items()
            }
        )
    low, high = _interval(value, sampled, _units(found.values()), level)
    paper = math.nan
    if images == SYNTHETIC:
        table = study.paper(1)
        theirs = [
            group[metric_of(metric)].to_numpy()
            for group in comparable_groups(table.reset_index(), parameter)
        ]
        paper = float(statistic(theirs))
    return _Effect(value, low, high, paper, min(map(len, repeated.values())))


def _rise(values: np.ndarray) -> np.ndarray:
    """Rise of the fitted straight line from the first to the last of a group: (n, …) → (…)."""
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    slope = np.tensordot(steps, values, axes=(0, 0)) / (steps @ steps)
    return slope * (len(values) - 1)


def _test_trend(claim: Mapping, study: Study, level: float) -> Judgement:
    sign, name = (1, "rise") if claim["direction"] == "up" else (-1, "fall")
    found = _effect(
        claim,
        study,
        level,
        lambda groups: sign * np.mean([_rise(group) for group in groups], axis=0),
    )
    if isinstance(found, Judgement):
        return found
    value, low, high, paper, _ = found
    measured = f"{name} {signed(value)} {_signed_interval(low, high)}{found.over_trainings()}"
    theirs = "" if math.isnan(paper) else f"{name} {signed(paper)}"
    return Judgement(_status(low, high), measured, value, low, high, theirs)


def _test_little(claim: Mapping, study: Study, level: float) -> Judgement:
    found = _effect(
        claim,
        study,
        level,
        lambda groups: np.max([np.ptp(group, axis=0) for group in groups], axis=0),
    )
    if isinstance(found, Judgement):
        return found
    value, low, high, paper, _ = found
    low = max(0.0, low)  # a shift by the bootstrap's bias may take it below
    status = _status(-high, -low, -claim["limit"])
    theirs = "" if math.isnan(paper) else f"spread {paper:.1f}"
    measured = _with_interval("spread", value, low, high) + found.over_trainings()
    return Judgement(status, measured, value, low, high, theirs)


def _test_level(claim: Mapping, study: Study, level: float) -> Judgement:
    images, metric = _images(study, claim["images"]), claim["metric"]
    found = [study.evaluation(model, images) for model in study.listed(images)]
    values = [value_of(evaluation, metric) for evaluation in found]
    if not values or np.isnan(values).any():
        return Judgement(UNTESTED, "no value")
    draws = _complete(draws_of(evaluation, metric) for evaluation in found)
    sampled = None if draws is None else np.median(draws, axis=0)
    median, target, limit = float(np.median(values)), claim["value"], claim["limit"]
    low, high = _interval(median, sampled, _units(found), level)
    inside = target - limit <= low and high <= target + limit
    outside = high < target - limit or low > target + limit
    status = HOLDS if inside else FAILS if outside else UNDECIDED
    paper = ""
    if images == SYNTHETIC:
        paper = f"median {study.paper(1)[metric_of(metric)].median():.1f}"
    return Judgement(status, _with_interval("median", median, low, high), median, low, high, paper)


def _test_order(claim: Mapping, study: Study, level: float) -> Judgement:
    metric = claim["metric"]
    sets = [_images(study, name) for name in claim["images"]]
    best = _complete(_best(study, images) for images in sets)
    paper = " > ".join(_published_best(study, name, metric) for name in claim["images"])
    if best is None:
        return Judgement(UNTESTED, "an image set is missing", paper=paper)
    found = [study.evaluation(model, images) for model, images in zip(best, sets, strict=True)]
    values = [value_of(evaluation, metric) for evaluation in found]
    steps = []
    for number, (one, two) in enumerate(itertools.pairwise(found)):
        value = value_of(one, metric) - value_of(two, metric)
        draws, others = draws_of(one, metric), draws_of(two, metric)
        sampled = None
        if draws is not None and others is not None:
            # other images: drawn independently, so the order of the replicates is shuffled
            count = min(len(draws), len(others))
            shuffled = np.random.default_rng(number).permutation(others)[:count]
            sampled = draws[:count] - shuffled
        steps.append((value, *_interval(value, sampled, _units([one, two]), level)))
    if any(math.isnan(value) for value, _, _ in steps):
        return Judgement(UNTESTED, "no value", paper=paper)
    statuses = {_status(low, high) for _, low, high in steps}
    status = next(status for status in (FAILS, UNDECIDED, HOLDS) if status in statuses)
    weakest = min(steps, key=lambda step: -math.inf if math.isnan(step[1]) else step[1])
    measured = ", ".join(f"{value:.1f}" for value in values)
    measured += "; differences " + ", ".join(
        f"{signed(value)} {_signed_interval(low, high)}" for value, low, high in steps
    )
    return Judgement(status, measured, *weakest, paper)


def _test_greater(claim: Mapping, study: Study, level: float) -> Judgement:
    images = _images(study, claim["images"])
    model = _best(study, images)
    sides = [claim["left"], claim["right"]]
    paper = ""
    if all(side in NAMES and side != "relative_count_error" for side in sides):
        paper = " > ".join(_published_best(study, claim["images"], side) for side in sides)
    if model is None:
        return Judgement(UNTESTED, "no model was evaluated on these images", paper=paper)
    found = study.evaluation(model, images)
    left, right = (value_of(found, s) if isinstance(s, str) else float(s) for s in sides)
    if math.isnan(left) or math.isnan(right):
        return Judgement(UNTESTED, "no particle of that size", paper=paper)
    draws = _complete(
        draws_of(found, s) if isinstance(s, str) else np.array(float(s)) for s in sides
    )
    sampled = None if draws is None else draws[0] - draws[1]
    return _difference(
        left - right, *_interval(left - right, sampled, _units([found]), level), paper
    )


def _difference(value: float, low: float, high: float, paper: str) -> Judgement:
    measured = f"difference {signed(value)} {_signed_interval(low, high)}"
    return Judgement(_status(low, high), measured, value, low, high, paper)


def _test_beats_watershed(claim: Mapping, study: Study, level: float) -> Judgement:
    """Mask AP of the particles that others cover most, of the best model and the watershed."""
    images = _images(study, claim["images"])
    model = _best(study, images)
    ours = study.evaluation(model, images) if model else {}
    theirs = study.evaluation(WATERSHED, images)
    if not ours.get("overlap") or not theirs.get("overlap"):
        return Judgement(UNTESTED, "no watershed, or no AP by overlap")
    metric = f"overlap_{len(ours['overlap']) - 1}"
    values = value_of(ours, metric), value_of(theirs, metric)
    if math.isnan(values[0]):
        return Judgement(UNTESTED, "no particle is covered so far")
    test = paired_difference(ours, theirs, metric) or {}
    found = _difference(
        values[0] - values[1], test.get("low", math.nan), test.get("high", math.nan), ""
    )
    return found._replace(measured=f"{values[0]:.1f} and {values[1]:.1f}; {found.measured}")


def _test_distributions(claim: Mapping, study: Study, level: float) -> Judgement:
    images = _images(study, claim["images"])
    model = _best(study, images)
    rows = study.evaluation(model, images).get("distributions", []) if model else []
    found = {row["feature"]: row["wasserstein_relative"] for row in rows}
    values = _complete(found.get(feature) for feature in claim["features"])
    if values is None:
        return Judgement(UNTESTED, "no statistics", paper="good agreement")
    worst = max(values)
    measured = "relative distances " + ", ".join(f"{value:.2f}" for value in values)
    status = HOLDS if worst < claim["limit"] else FAILS
    return Judgement(status, measured, worst, paper="good agreement")


_TESTS: Mapping[str, Callable[[Mapping, Study, float], Judgement]] = {
    "trend": _test_trend,
    "little": _test_little,
    "level": _test_level,
    "order": _test_order,
    "greater": _test_greater,
    "beats_watershed": _test_beats_watershed,
    "distributions": _test_distributions,
}
