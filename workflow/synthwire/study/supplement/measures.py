"""What the supplement's tables say of a method's masks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def most_covered(evaluation: Mapping) -> Mapping[str, Any]:
    """Of the wires of which others cover the greatest part: `overlap_metrics`, or nothing."""
    ranges = evaluation.get("overlap") or [{}]
    return ranges[-1]


def mask_measures(evaluation: Mapping) -> dict[str, float | None]:
    """AP of all wires and of crossing ones, recall of these, error of the count; in percent."""
    crossing = most_covered(evaluation)
    return {
        "ap_segm": evaluation["segm"]["ap"],
        "ap50_segm": evaluation["segm"]["ap50"],
        "ap_crossing": crossing.get("ap"),
        "ap50_crossing": crossing.get("ap50"),
        "recall50_crossing": crossing.get("recall50"),
        "count_error": evaluation["count"]["relative_error"],
    }


def as_numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    """The same with NaN for what is not there."""
    return {key: math.nan if value is None else float(value) for key, value in values.items()}
