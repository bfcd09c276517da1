"""Whether scores are precisions, what flips and ensembles change, and what abstaining buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from synthwire.evaluation.calibration import (
    abstain,
    calibration_error,
    rate_detections,
    reliability,
)
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.study.supplement.words import tenths
from synthwire.study.table_files import Table


def measure_calibration(
    truths: Mapping[str, dict],
    methods: Mapping[str, Mapping[str, list]],
    settings: Mapping,
    *,
    bins: int,
    shares: Sequence[float],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of the table, of the reliability diagram, and of the abstention.

    truths: label of an image set → COCO data set; methods: name → {label: COCO results}, of which
    the first abstains. settings: the config's `evaluation`. Each has the columns method, label.
    """
    plain = {**settings, "bootstrap_replicates": 0}
    rows, curves, handed = [], [], []
    for number, (method, predictions) in enumerate(methods.items()):
        for label, results in predictions.items():
            rated = rate_detections(truths[label], results)
            curve = reliability(rated, bins)
            curves.append(curve.assign(method=method, label=label))
            found = evaluate_predictions(truths[label], results, plain)
            rows.append(
                {
                    "method": method,
                    "label": label,
                    "ap_segm": found["segm"]["ap"],
                    "ap50_segm": found["segm"]["ap50"],
                    "calibration_error": 100 * calibration_error(curve),
                    "mean_score": 100 * rated.score.mean() if len(rated.score) else None,
                    "precision": 100 * rated.right.mean() if len(rated.right) else None,
                    "count_error": found["count"]["relative_error"],
                }
            )
            if number == 0:
                table = abstain(truths[label], results, settings, shares)
                handed.append(table.assign(method=method, label=label))
    return pd.DataFrame(rows), pd.concat(curves), pd.concat(handed)


def calibration_table(rows: pd.DataFrame, handed: pd.DataFrame, level: float) -> Table:
    """A row a method and image set, and one for every share that is handed to a person."""
    columns = ["Images", "Method", "Handed over (%)", "AP mask", "Count error (%)",
               "Calibration error", "Precision", "Recall", "Median area error (%)"]  # fmt: skip
    lines = []
    for row in rows.to_dict("records"):
        cells = [tenths(row[key]) for key in ("ap_segm", "count_error", "calibration_error")]
        lines.append([row["label"], row["method"], "0", *cells, "", "", ""])
    for row in handed.to_dict("records"):
        last = [tenths(row[key]) for key in ("precision", "recall", "median_area_error")]
        first = [tenths(row[key]) for key in ("ap_segm", "count_error")]
        share = f"{100 * row['share']:g}"
        lines.append([row["label"], row["method"] + ", a person", share, *first, "", *last])
    frame = pd.concat([rows, handed], ignore_index=True)
    return Table(
        frame,
        pd.DataFrame(lines, columns=columns),
        "Scores as precisions (percent). The calibration error is the mean distance of precision "
        "from score over all detections; below, the detections whose scores lie nearest to "
        f"{level:g} are handed to a person, who keeps the right ones and drops the others.",
    )
