"""Variants of one training side by side: learning rates, parts of the synthesis, real patches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from synthwire.evaluation.uncertainty import interval_of, paired_difference, value_of
from synthwire.study.supplement.words import tenths
from synthwire.study.table_files import Table
from synthwire.study.table_texts import signed

METRIC = "segm_ap"


def compare_variants(
    found: Mapping[str, Sequence[Mapping[str, Mapping]]], reference: str | None, level: float
) -> pd.DataFrame:
    """Mask AP of each variant on each test, and its difference from the reference's.

    found: variant → of each repetition its evaluations, by test; reference: a variant; level: of
    the intervals, in percent. Repetitions have seeds of their own, alike in all variants, so that
    differences are taken in pairs. Intervals are Student's t over the repetitions or, with one of
    them alone, the bootstrap's over its test images. Columns: variant, test, repetitions, ap_segm,
    low, high, difference, difference_low, difference_high (NaN where there is none).
    """
    rows = []
    for variant, repetitions in found.items():
        for test in repetitions[0]:
            own = [evaluations[test] for evaluations in repetitions]
            values = np.array([value_of(evaluation, METRIC) for evaluation in own])
            low, high = interval_of(own[0], METRIC) if len(own) == 1 else t_interval(values, level)
            row = {
                "variant": variant,
                "test": test,
                "repetitions": len(own),
                "ap_segm": float(values.mean()),
                "low": low,
                "high": high,
                **_difference(own, found, reference, variant, test, level),
            }
            rows.append(row)
    return pd.DataFrame(rows)


def _difference(
    own: Sequence[Mapping],
    found: Mapping[str, Sequence[Mapping[str, Mapping]]],
    reference: str | None,
    variant: str,
    test: str,
    level: float,
) -> dict[str, float]:
    names = ("difference", "difference_low", "difference_high")
    if reference in (None, variant):
        return dict.fromkeys(names, math.nan)
    others = [evaluations[test] for evaluations in found[reference]]
    if len(own) == 1:
        tested = paired_difference(own[0], others[0], METRIC)
        if tested is not None:
            return dict(
                zip(names, (tested["difference"], tested["low"], tested["high"]), strict=True)
            )
    values = np.array(
        [
            value_of(one, METRIC) - value_of(two, METRIC)
            for one, two in zip(own, others, strict=True)
        ]
    )
    return dict(zip(names, (float(values.mean()), *t_interval(values, level)), strict=True))


def t_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """Student's t interval of a mean (level in percent); NaN of fewer than two values.

    >>> t_interval(np.array([1.0, 2.0, 3.0]), 95)
    (-0.484, 4.484)
    """
    if len(values) < 2:
        return math.nan, math.nan
    half = student.ppf(0.5 + level / 200, len(values) - 1) * values.std(ddof=1)
    half /= math.sqrt(len(values))
    return round(float(values.mean() - half), 3), round(float(values.mean() + half), 3)


def comparison_table(
    rows: pd.DataFrame,
    labels: Mapping[str, str],
    tests: Mapping[str, str],
    *,
    heading: str,
    reference: str | None,
    level: float,
) -> Table:
    """A row a variant, for each test its mask AP and the difference from the reference.

    labels: variant → its name; tests: test → its name; heading: what the variants are.
    """
    display = pd.DataFrame({heading: list(labels.values())})
    for test, name in tests.items():
        part = rows[rows["test"] == test].set_index("variant").loc[list(labels)]
        display[f"AP mask, {name}"] = [
            f"**{tenths(value)}**" if value == part["ap_segm"].max() else tenths(value)
            for value in part["ap_segm"]
        ]
        if reference is not None:
            display[f"difference, {name}"] = [
                "–" if math.isnan(row.difference) else _with_interval(row)
                for row in part.itertuples()
            ]
    repetitions = int(rows["repetitions"].min())
    over = (
        f"Student's t over {repetitions} repetitions with other seeds"
        if repetitions > 1
        else "bootstrap over the test images"
    )
    compared = (
        ""
        if reference is None
        else f" Differences are from “{labels[reference]}”; in brackets {level:g} % intervals, "
        f"{over}."
    )
    return Table(
        rows,
        display,
        f"{heading}: mask AP in percent, the best of a column in bold.{compared}",
    )


def _with_interval(row: object) -> str:
    low, high = row.difference_low, row.difference_high  # type: ignore[attr-defined]
    text = signed(row.difference)  # type: ignore[attr-defined]
    return text if math.isnan(low) else f"{text} [{signed(low)}, {signed(high)}]"
