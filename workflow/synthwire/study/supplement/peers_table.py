"""Other methods on the same work: as measured here, and as published elsewhere."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthwire.evaluation.uncertainty import interval_of
from synthwire.study.supplement.measures import as_numbers, mask_measures, most_covered
from synthwire.study.supplement.words import tenths
from synthwire.study.table_files import Table
from synthwire.study.table_texts import interval_text


@dataclass(frozen=True)
class Method:
    """A method that learnt from the run's images and was tested on its validation images.

    name: what people call it; licence: of its code; overlaps: whether a pixel may belong to several
    particles; evaluation: what it found; processor_s: of its training; steps: of it;
    seconds_an_image: for one of 512 × 512 px on one core; ours: whether it is this project's.
    """

    name: str
    licence: str
    overlaps: bool
    evaluation: Mapping[str, Any]
    processor_s: float
    steps: int
    seconds_an_image: float
    ours: bool = False


def peers_table(methods: Sequence[Method]) -> Table:
    """AP of boxes and masks, on all wires and on those that others cover, times; the best first."""
    frame = pd.DataFrame([_numbers(method) for method in methods])
    order = frame["ap_segm"].sort_values(ascending=False).index
    frame = frame.loc[order].reset_index(drop=True)
    names = zip(frame["method"], frame["ours"], strict=True)
    display = pd.DataFrame(
        {
            "Method": [f"**{name}**" if ours else name for name, ours in names],
            "Licence": frame["licence"],
            "Overlaps": ["yes" if value else "no" for value in frame["overlaps"]],
        }
    )
    for column, heading in _AP.items():
        display[heading] = [tenths(value) for value in frame[column]]
    intervals = map(interval_text, frame["low"], frame["high"])
    display["AP mask"] = [
        f"{value} {interval}".rstrip()
        for value, interval in zip(display["AP mask"], intervals, strict=True)
    ]
    display["Count error"] = [tenths(value) for value in frame["count_error"]]
    display["Training (processor s)"] = [f"{value:.0f}" for value in frame["processor_s"]]
    display["Steps"] = [str(value) for value in frame["steps"]]
    display["512 × 512 px (s)"] = [f"{value:.2f}" for value in frame["seconds_an_image"]]
    crossing = frame["crossing_from"].iloc[0]
    covered = "" if math.isnan(crossing) else f" (more than {100 * crossing:g} % of them)"
    return Table(
        frame,
        display,
        "Other methods on the same work, by mask AP (percent; in brackets the bootstrap's interval "
        "over images). Each learnt from random numbers on the same images for the processor time "
        "that SynthWire's network took, with its own defaults but for the sizes of image and step, "
        "which would leave it few steps; the row with the bundled start goes on from a model that "
        "has learnt on simulated images for hours. Crossing wires are "
        f"those of which others cover the greatest part{covered}. An image's time is measured on "
        "one core. Methods that know no overlap give a pixel to one particle alone.",
    )


def peers_elsewhere(path: str | os.PathLike) -> Table:
    """Methods that were not run here, with what their authors say of them.

    path: of a tab-separated table with the columns method, task, figure, why_not_run, source.
    """
    frame = pd.read_csv(path, sep="\t", keep_default_na=False, quoting=csv.QUOTE_NONE)
    display = frame.rename(
        columns={
            "method": "Method",
            "task": "On what",
            "figure": "Published figure",
            "why_not_run": "Not run here because",
            "source": "Source",
        }
    )
    return Table(
        frame,
        display,
        "Methods that were not run here. Their figures are their authors', on other images and by "
        "other measures, and cannot be set against those of the table above.",
    )


_AP = {
    "ap_bbox": "AP box",
    "ap_segm": "AP mask",
    "ap50_segm": "AP50 mask",
    "ap_crossing": "AP mask, crossing",
    "recall50_crossing": "Recall, crossing",
}


def _numbers(method: Method) -> dict[str, Any]:
    found = method.evaluation
    low, high = interval_of(found, "segm_ap")
    values = {
        "ap_bbox": found["bbox"]["ap"],
        **mask_measures(found),
        "low": low,
        "high": high,
        "crossing_from": most_covered(found).get("low"),
    }
    return {
        "method": method.name,
        "ours": method.ours,
        "licence": method.licence,
        "overlaps": method.overlaps,
        **as_numbers(values),
        "processor_s": method.processor_s,
        "steps": method.steps,
        "seconds_an_image": method.seconds_an_image,
    }
