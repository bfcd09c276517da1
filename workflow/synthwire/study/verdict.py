"""Does the reproduction hold? Every claim of the paper judged, every published number compared."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from synthwire.evaluation.uncertainty import paired_difference
from synthwire.study.claim_tests import judge
from synthwire.study.claims import FAILS, HOLDS, NAMES, UNDECIDED, UNTESTED, read_claims
from synthwire.study.study import AP_OF_KIND, MEASURES, SYNTHETIC, Study, metric_of
from synthwire.study.table_files import Table
from synthwire.study.table_texts import interval_text, published, signed
from synthwire.study.training_table import training_table
from synthwire.watershed import WATERSHED

VERBS = {  # of one claim, of several
    HOLDS: ("holds", "hold"),
    FAILS: ("fails", "fail"),
    UNDECIDED: ("is undecided", "are undecided"),
    UNTESTED: ("was not tested", "were not tested"),
}


def build_verdict(study: Study, *, level: float = 95) -> dict[str, Table]:
    """{"verdict": the claims, on one page, "published_numbers": each published number and ours}.

    `level` is the confidence level of the claims' intervals in percent; the claims are those of
    claims.yaml in `study.published`. Statistics are compared where an evaluation holds
    `distributions`, the rows of `distances.compare_distributions`.
    """
    claims = pd.DataFrame(
        {
            **{key: claim[key] for key in ("id", "text", "source")},
            **judge(claim, study, level)._asdict(),
        }
        for claim in read_claims(study.published / "claims.yaml")
    )
    numbers = published_numbers(study)
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
        f"Of {len(claims)} claims of the paper "
        + ", ".join(
            f"{count.get(status, 0)} {verbs[int(count.get(status, 0) != 1)]}"
            for status, verbs in VERBS.items()
        )
        + f" in this run; in brackets {level:g} % bootstrap intervals."
    )
    notes = [
        *_summary(numbers),
        "A claim holds when the whole interval lies on the claimed side, fails when it lies on the "
        "other side, and is undecided when it spans the limit. The intervals cover the choice of "
        "images and particles, and the chance in training only where the number of trainings is "
        "given.",
        *_watershed_wins(study),
    ]
    stand_ins = [
        f"Table {number}: {study.label(images)}"
        for number, images in sorted(study.shown.items())
        if images is not None and study.paper_table(images) is None
    ]
    if stand_ins:
        notes.append(
            "Claims on microscopy were tested on other images than the paper's: "
            + "; ".join(stand_ins)
            + "."
        )
    return {
        "verdict": Table(claims, display, caption, notes),
        "published_numbers": _numbers_table(study, numbers),
    }


def published_numbers(study: Study) -> pd.DataFrame:
    """One row per published number: ours, the difference, the interval, and how they compare.

    Columns: table, model, images, metric, paper, ours, difference, low, high, same_images
    (whether ours was measured on the paper's own kind of image), comparison ("within",
    "above", "below" the interval around ours; empty without one). A published number is *within*
    when it lies inside the interval of ours; *above* and *below* say where ours lies.
    """
    rows: list[tuple] = [
        (1, row["model"], SYNTHETIC, column, row[f"paper_{column}"], True)
        for row in training_table(study).frame.to_dict("records")
        for column in AP_OF_KIND
        if not math.isnan(row[f"paper_{column}"])
    ]
    for number in (2, 3, 4):
        images = study.shown.get(number)
        same = images is not None and study.paper_table(images) == number
        rows += [
            (number, model, images, column, row[column], same)
            for model, row in study.paper(number).iterrows()
            for column in MEASURES
        ]
    frame = pd.DataFrame(
        rows, columns=["table", "model", "images", "metric", "paper", "same_images"]
    )
    measured = [
        (
            study.value(row.model, row.images, metric_of(row.metric)),
            *study.interval(row.model, row.images, metric_of(row.metric)),
        )
        for row in frame.itertuples()
    ]
    frame["ours"], frame["low"], frame["high"] = np.array(measured).reshape(-1, 3).T
    frame["difference"] = frame["ours"] - frame["paper"]
    inside = (frame["low"] <= frame["paper"]) & (frame["paper"] <= frame["high"])
    known = frame["low"].notna() & frame["paper"].notna()
    frame["comparison"] = np.select(
        [known & inside, known & (frame["difference"] > 0), known],
        ["within", "above", "below"],
        default="",
    )
    columns = ["table", "model", "images", "metric", "paper", "same_images", "ours", "difference"]
    return frame[[*columns, "low", "high", "comparison"]]


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


def _watershed_wins(study: Study) -> Iterator[str]:
    """Where the watershed, tuned on the same images, comes out better than every model."""
    for images in study.evaluations.get(WATERSHED, {}):
        best = next(iter(study.ranking(images)), None)
        if best is None:
            continue
        theirs, ours = (study.value(name, images, "segm_ap") for name in (WATERSHED, best))
        if not theirs > ours:
            continue
        test = paired_difference(
            study.evaluation(WATERSHED, images), study.evaluation(best, images)
        )
        interval = f", difference [{signed(test['low'])}, {signed(test['high'])}]" if test else ""
        yield (
            f"On {study.label(images)} the tuned watershed has a higher mask AP than the best "
            f"model, No. {best}: {theirs:.1f} against {ours:.1f}{interval}."
        )


def _numbers_table(study: Study, numbers: pd.DataFrame) -> Table:
    display = pd.DataFrame(
        {
            "Table": numbers["table"].astype(str),
            "No.": numbers["model"],
            "Images": ["" if pd.isna(key) else study.label(key) for key in numbers["images"]],
            "Metric": [NAMES[metric_of(column)] for column in numbers["metric"]],
            "Paper": list(map(published, numbers["paper"])),
            "Ours": ["" if math.isnan(value) else f"{value:.1f}" for value in numbers["ours"]],
            "Interval": list(map(interval_text, numbers["low"], numbers["high"])),
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
