"""Supplementary Note 2: classical methods beside a model."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from synthwire.study.supplement.measures import as_numbers, mask_measures
from synthwire.study.supplement.words import tenths
from synthwire.study.table_files import Table


def classical_table(evaluations: Mapping[str, Mapping[str, Mapping]]) -> Table:
    """AP on all wires and on those that others cross, counts, and how far distributions are off.

    evaluations: method → image set → its evaluation with `distributions` and `lines`, as
    `line_agreement` gives them. A cell without a value
    (no crossing wires, say) is a dash.
    """
    rows = [
        {"label": label, "method": method, **_measures(evaluation)}
        for label in next(iter(evaluations.values()))
        for method, evaluation in ((name, found[label]) for name, found in evaluations.items())
    ]
    frame = pd.DataFrame(rows)
    display = pd.DataFrame({"Images": frame["label"], "Method": frame["method"]})
    for column, heading in _HEADINGS.items():
        display[heading] = [tenths(value) for value in frame[column]]
    for feature in [column for column in frame if column.startswith("distance_")]:
        words = feature.removeprefix("distance_").replace("_", " ")
        display[f"{words.capitalize()}, distance"] = [
            "–" if math.isnan(value) else f"{value:.2f}" for value in frame[feature]
        ]
    return Table(
        frame,
        display,
        "Classical methods beside the best row (masks, percent). Crossing wires are those of "
        "which others cover the greatest part that the configuration tells apart. Distances are "
        "between the distributions of a measure among the found and the annotated, over the "
        "spread of the annotated. Centre-lines are those of the wires that are found.",
    )


LINES = ("line_distance_px", "line_length_error", "line_width_error")
_HEADINGS = {
    "ap_segm": "AP",
    "ap50_segm": "AP50",
    "ap_crossing": "AP crossing",
    "ap50_crossing": "AP50 crossing",
    "recall50_crossing": "Recall crossing",
    "count_error": "Count error",
    "line_distance_px": "Centre-line off (px)",
    "line_length_error": "Its length off (%)",
    "line_width_error": "Width off (%)",
    "line_distance_px_crossing": "Centre-line off, crossing (px)",
    "line_length_error_crossing": "Its length off, crossing (%)",
}


def _measures(evaluation: Mapping) -> dict[str, float]:
    values = {
        **mask_measures(evaluation),
        **{name: evaluation["lines"]["all"][name] for name in LINES},
        **{f"{name}_crossing": evaluation["lines"]["crossing"][name] for name in LINES},
        **{
            f"distance_{row['feature']}": row["wasserstein_relative"]
            for row in evaluation["distributions"]
        },
    }
    return as_numbers(values)
