"""Does the reproduction hold? Every published number and every claim of the paper, tested.

A claim *holds* when the whole bootstrap interval of the measured quantity lies on the claimed
side, *fails* when it lies on the other side, and is *undecided* when the interval spans the limit.
The intervals cover the choice of images and particles, not the chance in training.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from synthwire.errors import InputError
from synthwire.evaluation import bootstrap_interval, draws_of, interval_of, value_of
from synthwire.tables import (
    AP_COLUMNS,
    HYPERPARAMETERS,
    METRICS,
    SYNTHETIC,
    Table,
    paper_table,
    read_models,
    signed,
    training_table,
)

HOLDS, FAILS, UNDECIDED, UNTESTED = "holds", "fails", "undecided", "not tested"
FIELDS = {
    "trend": {"images", "metric", "parameter", "direction"},
    "little": {"images", "metric", "parameter", "limit"},
    "level": {"images", "metric", "value", "limit"},
    "order": {"images", "metric"},
    "greater": {"images", "left", "right"},
    "distributions": {"images", "features", "limit"},
}
NAMES = {
    "accuracy": "accuracy",
    "relative_count_error": "count error (%)",
    **{
        f"{kind}_{metric}": f"{name} {'AP' + metric.removeprefix('ap')}"
        for kind, name in (("bbox", "box"), ("segm", "mask"))
        for metric in METRICS
    },
}


class Outcome(NamedTuple):
    """What a test of a claim found: a status, what was measured, and its interval."""

    status: str
    measured: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    paper: str = ""


class _Run(NamedTuple):
    """All that a claim may look at."""

    evaluations: Mapping[str, Mapping[str, Mapping]]
    models: pd.DataFrame
    published: Path
    shown: Mapping[int, str]

    def images(self, name: str) -> str | None:
        """Image set of a claim: "synthetic", or what stands in table2, table3, table4."""
        if name == SYNTHETIC:
            return SYNTHETIC
        return self.shown.get(int(name.removeprefix("table")))

    def listed(self, images: str | None) -> list[str]:
        names = self.models["model"]
        return [model for model in names if images in self.evaluations.get(model, {})]

    def best(self, images: str | None) -> str | None:
        """The model of models.tsv with the greatest mask AP, as the paper chooses."""
        values = {m: value_of(self.evaluations[m][images], "segm_ap") for m in self.listed(images)}
        known = {model: value for model, value in values.items() if not math.isnan(value)}
        return max(known, key=known.__getitem__) if known else None


def read_claims(path: str | os.PathLike) -> list[dict]:
    """The claims of the paper. InputError names the claim and the field that is wrong."""
    with open(path, encoding="utf-8") as file:
        claims = yaml.safe_load(file)
    seen = set()
    for number, claim in enumerate(claims, start=1):
        name = claim.get("id", f"number {number}")
        test = claim.get("test")
        if test not in FIELDS:
            raise InputError(f"{path}: claim {name}: test '{test}' is none of {sorted(FIELDS)}")
        needed = FIELDS[test] | {"id", "text", "source", "test"}
        for field in sorted(needed ^ claim.keys()):
            what = "is missing" if field in needed else f"is unknown to test '{test}'"
            raise InputError(f"{path}: claim {name}: '{field}' {what}")
        if name in seen:
            raise InputError(f"{path}: claim {name} stands twice")
        seen.add(name)
        images = claim["images"] if isinstance(claim["images"], list) else [claim["images"]]
        for image_set in images:
            if image_set not in (SYNTHETIC, "table2", "table3", "table4"):
                raise InputError(f"{path}: claim {name}: image set '{image_set}' is unknown")
        metrics = [claim.get(field) for field in ("metric", "left", "right")]
        for metric in metrics:
            if isinstance(metric, str) and metric not in NAMES:
                raise InputError(f"{path}: claim {name}: metric '{metric}' is unknown")
        if "parameter" in claim and claim["parameter"] not in HYPERPARAMETERS:
            raise InputError(f"{path}: claim {name}: parameter must be of {HYPERPARAMETERS}")
    return claims


def build_verdict(
    evaluations: Mapping[str, Mapping[str, Mapping]],
    models: pd.DataFrame,
    published: str | os.PathLike,
    *,
    shown: Mapping[int, str],
    image_sets: Mapping[str, Mapping],
    level: float = 95,
) -> dict[str, Table]:
    """{"verdict": the claims, on one page, "published_numbers": each published number and ours}.

    The arguments are those of `tables.build_tables`; `published` also holds claims.yaml, `level`
    is the confidence level of the claims' intervals in percent. Statistics are compared where an
    evaluation holds `distributions`, the rows of `statistics.compare_distributions`.
    """
    published = Path(published)
    run = _Run(evaluations, models, published, shown)
    rows = []
    for claim in read_claims(published / "claims.yaml"):
        outcome = _TESTS[claim["test"]](claim, run, level)
        rows.append(
            {
                **{key: claim[key] for key in ("id", "text", "source")},
                **outcome._asdict(),
            }
        )
    claims = pd.DataFrame(rows)
    numbers = published_numbers(run, image_sets)
    display = pd.DataFrame(
        {
            "Claim": claims["text"],
            "Paper": claims["paper"],
            "This run": claims["measured"],
            "Verdict": [f"**{status}**" for status in claims["status"]],
        }
    )
    count = claims["status"].value_counts()
    caption = (
        f"Reproduction verdict. Of {len(claims)} claims of the paper "
        + ", ".join(
            f"{count.get(status, 0)} {verb}"
            for status, verb in (
                (HOLDS, "hold"),
                (FAILS, "fail"),
                (UNDECIDED, "are undecided"),
                (UNTESTED, "were not tested"),
            )
        )
        + f" in this run. In brackets {level:g} % bootstrap intervals."
    )
    notes = [
        *_summary(numbers),
        "A claim holds when the whole interval lies on the claimed side, fails when it lies on the "
        "other side, and is undecided when it spans the limit. The intervals cover the choice of "
        "images and particles, not the chance in training.",
    ]
    stand_ins = [
        f"Table {number}: {image_sets.get(images, {}).get('label', images)}"
        for number, images in sorted(shown.items())
        if images is not None and paper_table(image_sets.get(images, {})) is None
    ]
    if stand_ins:
        notes.append(
            "Claims on microscopy were tested on other images than the paper's: "
            + "; ".join(stand_ins)
            + "."
        )
    return {
        "verdict": Table(claims, display, caption, notes),
        "published_numbers": _numbers_table(numbers),
    }


# Published numbers


def published_numbers(run: _Run, image_sets: Mapping[str, Mapping]) -> pd.DataFrame:
    """One row per published number: ours, the difference, the interval, and how they compare.

    Columns: table, model, images, metric, paper, ours, difference, low, high, same_images
    (whether ours was measured on the paper's own kind of image), comparison ("within",
    "above", "below" the interval around ours; empty without one). A published number is *within*
    when it lies inside the interval of ours; *above* and *below* say where ours lies.
    """
    rows = []
    listed = training_table(run.evaluations, run.models, run.published).frame
    for row in listed.to_dict("records"):
        for column in ("ap_bbox", "ap_segm"):
            if not math.isnan(row[f"paper_{column}"]):
                rows.append((1, row["model"], SYNTHETIC, column, row[f"paper_{column}"], True))
    for number in (2, 3, 4):
        images = run.shown.get(number)
        paper = read_models(run.published / f"table{number}.tsv")
        same = images is not None and paper_table(image_sets.get(images, {})) == number
        for row in paper.to_dict("records"):
            for column in ("accuracy", *AP_COLUMNS):
                rows.append((number, row["model"], images, column, row[column], same))
    frame = pd.DataFrame(
        rows, columns=["table", "model", "images", "metric", "paper", "same_images"]
    )
    ours, lows, highs = [], [], []
    for row in frame.itertuples():
        evaluation = run.evaluations.get(row.model, {}).get(row.images)
        metric = row.metric
        if metric != "accuracy":
            name, kind = metric.split("_")
            metric = f"{kind}_{name}"
        ours.append(math.nan if evaluation is None else value_of(evaluation, metric))
        low, high = _stored_interval(evaluation, metric)
        lows.append(low)
        highs.append(high)
    frame["ours"], frame["difference"] = ours, np.array(ours) - frame["paper"]
    frame["low"], frame["high"] = lows, highs
    inside = (frame["low"] <= frame["paper"]) & (frame["paper"] <= frame["high"])
    known = frame["low"].notna() & frame["paper"].notna()
    frame["comparison"] = np.select(
        [known & inside, known & (frame["difference"] > 0), known],
        ["within", "above", "below"],
        default="",
    )
    return frame


def _stored_interval(evaluation: Mapping | None, metric: str) -> tuple[float, float]:
    return interval_of(evaluation or {}, metric)


def _summary(numbers: pd.DataFrame) -> Iterator[str]:
    for number, group in numbers.groupby("table"):
        measured = group.dropna(subset=["difference"])
        where = "" if group["same_images"].all() else " (on other images)"
        if measured.empty:
            yield f"Table {number}: none of its numbers was measured in this run."
            continue
        compared = measured["comparison"].value_counts()
        text = (
            f"Table {number}{where}: {len(measured)} of {group['paper'].notna().sum()} published "
            f"numbers measured; median difference {signed(measured['difference'].median())}"
        )
        if compared.drop("", errors="ignore").sum():
            text += (
                f"; the published number lies inside the interval of ours for "
                f"{compared.get('within', 0)}, ours is higher for {compared.get('above', 0)} and "
                f"lower for {compared.get('below', 0)}"
            )
        yield text + "."


def _numbers_table(numbers: pd.DataFrame) -> Table:
    def text(value: float, digits: int = 1) -> str:
        return "" if math.isnan(value) else f"{value:.{digits}f}"

    display = pd.DataFrame(
        {
            "Table": numbers["table"].astype(str),
            "No.": numbers["model"],
            "Images": numbers["images"].fillna(""),
            "Metric": [_heading(metric) for metric in numbers["metric"]],
            "Paper": ["NaN" if math.isnan(v) else f"{v:g}" for v in numbers["paper"]],
            "Ours": [text(value) for value in numbers["ours"]],
            "Interval": [
                "" if math.isnan(low) else f"[{low:.1f}, {high:.1f}]"
                for low, high in zip(numbers["low"], numbers["high"], strict=True)
            ],
            "Difference": [signed(value) for value in numbers["difference"]],
            "Ours is": numbers["comparison"],
        }
    )
    caption = (
        "Every published number beside ours (percent). Ours is within when the published number "
        "lies inside the bootstrap interval of ours, above or below otherwise."
    )
    notes = []
    others = numbers.loc[~numbers["same_images"] & numbers["images"].notna(), "table"].unique()
    if len(others):
        notes.append(
            "Measured on other images than the paper's: "
            + ", ".join(f"Table {number}" for number in others)
            + "."
        )
    return Table(numbers, display, caption, notes)


def _heading(column: str) -> str:
    if column == "accuracy":
        return "accuracy"
    metric, kind = column.split("_")
    return NAMES[f"{kind}_{metric}"]


# Tests of claims


def _decide(
    value: float,
    draws: np.ndarray | None,
    limit: float,
    units: int,
    level: float,
    text: Callable[[float], str],
    paper: str = "",
) -> Outcome:
    """Holds when value and interval lie above the limit."""
    if math.isnan(value):
        return Outcome(UNTESTED, "no value", paper=paper)
    low = high = math.nan
    if draws is not None:
        low, high = bootstrap_interval(draws, value, units, level)
    measured = text(value)
    if math.isnan(low):
        return Outcome(UNDECIDED, f"{measured} (no interval)", value, paper=paper)
    status = HOLDS if low > limit else FAILS if high < limit else UNDECIDED
    return Outcome(status, f"{measured} [{signed(low)}, {signed(high)}]", value, low, high, paper)


def _units(evaluations: Iterable[Mapping]) -> int:
    """The fewest units that any of some evaluations was resampled from."""
    return min((found.get("uncertainty") or {}).get("units", 0) for found in evaluations)


def _groups(models: pd.DataFrame, parameter: str) -> list[list[str]]:
    """Models that differ in one hyperparameter alone, in its order."""
    others = [column for column in HYPERPARAMETERS if column != parameter]
    groups = []
    for _, group in models.groupby(others, sort=False):
        ordered = group.sort_values(parameter).drop_duplicates(parameter)
        if len(ordered) > 1:
            groups.append(ordered["model"].tolist())
    return groups


def _rise(values: np.ndarray) -> np.ndarray:
    """Rise of the fitted straight line from the first to the last of a group: (n, …) → (…)."""
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    slope = np.tensordot(steps, values, axes=(0, 0)) / (steps @ steps)
    return slope * (len(values) - 1)


def _of_groups(
    claim: Mapping, run: _Run, statistic: Callable[[list[np.ndarray]], np.ndarray]
) -> tuple[float, np.ndarray | None, int, str]:
    """A statistic of groups of models: value, draws, their units, the paper's value as text."""
    images, metric = run.images(claim["images"]), claim["metric"]
    measured = run.models[run.models["model"].isin(run.listed(images))]
    groups = _groups(measured, claim["parameter"])
    if not groups:
        return math.nan, None, 0, ""
    found = {model: run.evaluations[model][images] for group in groups for model in group}
    points = {model: value_of(evaluation, metric) for model, evaluation in found.items()}
    value = float(statistic([np.array([points[model] for model in group]) for group in groups]))
    draws = {model: draws_of(evaluation, metric) for model, evaluation in found.items()}
    sampled = None
    if all(draw is not None for draw in draws.values()):
        sampled = statistic([np.array([draws[model] for model in group]) for group in groups])
    paper = ""
    if images == SYNTHETIC:
        table = read_models(run.published / "table1.tsv")
        kind, name = metric.split("_")
        published = table.set_index("model")[f"{name}_{kind}"]
        theirs = [published[group].to_numpy() for group in _groups(table, claim["parameter"])]
        paper = signed(float(statistic(theirs)), 2)
    return value, sampled, _units(found.values()), paper


def _test_trend(claim: Mapping, run: _Run, level: float) -> Outcome:
    def statistic(groups: list[np.ndarray]) -> np.ndarray:
        return np.mean([_rise(group) for group in groups], axis=0)

    value, draws, units, paper = _of_groups(claim, run, statistic)
    if math.isnan(value):
        return Outcome(UNTESTED, f"no two models differ in {claim['parameter']} alone")
    sign = 1 if claim["direction"] == "up" else -1
    outcome = _decide(
        sign * value,
        None if draws is None else sign * draws,
        0.0,
        units,
        level,
        lambda found: f"rise {signed(found)}" if sign > 0 else f"fall {signed(found)}",
    )
    return outcome._replace(paper=f"rise {paper}" if paper else "")


def _test_little(claim: Mapping, run: _Run, level: float) -> Outcome:
    def statistic(groups: list[np.ndarray]) -> np.ndarray:
        return np.max([np.ptp(group, axis=0) for group in groups], axis=0)

    value, draws, units, paper = _of_groups(claim, run, statistic)
    if math.isnan(value):
        return Outcome(UNTESTED, f"no two models differ in {claim['parameter']} alone")
    limit = claim["limit"]
    outcome = _decide(-value, None if draws is None else -draws, -limit, units, level, lambda _: "")
    measured = f"spread {value:.1f}"
    if math.isnan(outcome.low):
        measured += " (no interval)"
    else:
        measured += f" [{-outcome.high:.1f}, {-outcome.low:.1f}]"
    return Outcome(
        outcome.status,
        measured,
        value,
        -outcome.high,
        -outcome.low,
        f"spread {paper.removeprefix('+')}" if paper else "",
    )


def _test_level(claim: Mapping, run: _Run, level: float) -> Outcome:
    images, metric = run.images(claim["images"]), claim["metric"]
    found = [run.evaluations[model][images] for model in run.listed(images)]
    values = [value_of(evaluation, metric) for evaluation in found]
    if not values or np.isnan(values).any():
        return Outcome(UNTESTED, "no value")
    draws = [draws_of(evaluation, metric) for evaluation in found]
    sampled = None if any(draw is None for draw in draws) else np.median(draws, axis=0)
    median, target, limit = float(np.median(values)), claim["value"], claim["limit"]
    paper = ""
    if images == SYNTHETIC:
        kind, name = metric.split("_")
        published = read_models(run.published / "table1.tsv")[f"{name}_{kind}"]
        paper = f"median {published.median():.1f}"
    if sampled is None:
        return Outcome(UNDECIDED, f"median {median:.1f} (no interval)", median, paper=paper)
    low, high = bootstrap_interval(sampled, median, _units(found), level)
    if target - limit <= low and high <= target + limit:
        status = HOLDS
    else:
        outside = high < target - limit or low > target + limit
        status = FAILS if outside else UNDECIDED
    return Outcome(status, f"median {median:.1f} [{low:.1f}, {high:.1f}]", median, low, high, paper)


def _test_order(claim: Mapping, run: _Run, level: float) -> Outcome:
    metric = claim["metric"]
    sets = [run.images(name) for name in claim["images"]]
    best = [run.best(images) for images in sets]
    paper = " > ".join(_published_best(run, name, metric) for name in claim["images"])
    if any(model is None for model in best):
        return Outcome(UNTESTED, "an image set is missing", paper=paper)
    found = [run.evaluations[m][images] for m, images in zip(best, sets, strict=True)]
    values = [value_of(evaluation, metric) for evaluation in found]
    draws = [draws_of(evaluation, metric) for evaluation in found]
    steps = []
    for number, (one, two) in enumerate(itertools.pairwise(range(len(values)))):
        sampled = None
        if draws[one] is not None and draws[two] is not None:
            # other images: drawn independently, so the order of the replicates is shuffled
            count = min(len(draws[one]), len(draws[two]))
            shuffled = np.random.default_rng(number).permutation(draws[two])[:count]
            sampled = draws[one][:count] - shuffled
        units = _units([found[one], found[two]])
        steps.append(_decide(values[one] - values[two], sampled, 0.0, units, level, signed))
    statuses = {step.status for step in steps}
    status = next(s for s in (UNTESTED, FAILS, UNDECIDED, HOLDS) if s in statuses)
    weakest = min(steps, key=lambda step: step.low if not math.isnan(step.low) else -math.inf)
    measured = ", ".join(f"{value:.1f}" for value in values)
    measured += "; differences " + ", ".join(step.measured for step in steps)
    return Outcome(status, measured, weakest.value, weakest.low, weakest.high, paper)


def _test_greater(claim: Mapping, run: _Run, level: float) -> Outcome:
    images = run.images(claim["images"])
    model = run.best(images)
    sides = [claim["left"], claim["right"]]
    paper = ""
    if all(side in NAMES and side != "relative_count_error" for side in sides):
        paper = " > ".join(_published_best(run, claim["images"], side) for side in sides)
    if model is None:
        return Outcome(UNTESTED, "no model was evaluated on these images", paper=paper)
    evaluation = run.evaluations[model][images]
    values = [value_of(evaluation, s) if isinstance(s, str) else float(s) for s in sides]
    draws = [draws_of(evaluation, s) if isinstance(s, str) else np.float64(s) for s in sides]
    sampled = None if any(draw is None for draw in draws) else draws[0] - draws[1]
    if any(math.isnan(value) for value in values):
        return Outcome(UNTESTED, "no particle of that size", paper=paper)
    difference = values[0] - values[1]
    return _decide(
        difference,
        sampled,
        0.0,
        _units([evaluation]),
        level,
        lambda found: f"difference {signed(found)}",
        paper,
    )


def _test_distributions(claim: Mapping, run: _Run, level: float) -> Outcome:
    images = run.images(claim["images"])
    model = run.best(images)
    rows = run.evaluations[model][images].get("distributions", []) if model else []
    found = {row["feature"]: row["wasserstein_relative"] for row in rows}
    values = [found.get(feature) for feature in claim["features"]]
    if any(value is None for value in values):
        return Outcome(UNTESTED, "no statistics", paper="good agreement")
    worst = max(values)
    measured = "relative distances " + ", ".join(f"{value:.2f}" for value in values)
    status = HOLDS if worst < claim["limit"] else FAILS
    return Outcome(status, measured, worst, paper="good agreement")


def _published_best(run: _Run, name: str, metric: str) -> str:
    """The paper's value of a metric for its best model by mask AP, as printed; "–" if none."""
    number = 1 if name == SYNTHETIC else int(name.removeprefix("table"))
    table = read_models(run.published / f"table{number}.tsv")
    best = table.loc[table["ap_segm"].idxmax()]
    column = metric if metric == "accuracy" else "_".join(reversed(metric.split("_")))
    value = best.get(column, math.nan)
    return "–" if math.isnan(value) else f"{value:g}"


_TESTS: Mapping[str, Callable[[Mapping, _Run, float], Outcome]] = {
    "trend": _test_trend,
    "little": _test_little,
    "level": _test_level,
    "order": _test_order,
    "greater": _test_greater,
    "distributions": _test_distributions,
}
