"""Supplementary Note 5: two annotators of the same images, and what a pixel of error costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation.agreement import agreement_row, perturbed_agreement
from synthwire.io.coco import read_coco
from synthwire.io.outlines import read_outlines
from synthwire.study.supplement.words import tenths
from synthwire.study.table_files import Table

MEASURES = {
    "ap_bbox": "AP box",
    "ap_segm": "AP mask",
    "ap50_segm": "AP50 mask",
    "recall50": "Recall",
    "precision50": "Precision",
    "accuracy": "Accuracy",
}


def read_pair(first: Path, second: Path) -> tuple[dict, list[dict]]:
    """Two COCO files of outlines of one image: the first as a data set, the second's annotations.

    Doubtful outlines of the first are ignore regions. InputError when a file names several images,
    or the second's outlines are not of the first's image.
    """
    record = read_coco(first)["images"]
    if len(record) != 1:
        raise InputError(f"{first}: {len(record)} images; outlines of one image are expected")
    shape = int(record[0]["height"]), int(record[0]["width"])
    names = [record[0]["file_name"]]
    return as_data_set(read_outlines(first, names, shape).annotations, shape), list(
        read_outlines(second, names, shape).annotations
    )


def as_data_set(annotations: Sequence[Mapping], shape: tuple[int, int]) -> dict:
    """COCO data set of one image (height, width) with the id 1."""
    return {
        "images": [{"id": 1, "height": shape[0], "width": shape[1]}],
        "categories": [{"id": 1, "name": "nanowire"}],
        "annotations": [{**item, "category_id": 1} for item in annotations],
    }


def compare_annotators(
    pairs: Mapping[str, tuple[dict, list[dict]]], settings: Mapping
) -> pd.DataFrame:
    """The second set of outlines scored against the first, a row a set of images.

    pairs: label → what `read_pair` gives. settings: the config's `evaluation`.
    """
    return pd.DataFrame(
        [
            {"label": label, **agreement_row(truth, second, settings)}
            for label, (truth, second) in pairs.items()
        ]
    )


def perturbed_outlines(
    truths: Mapping[str, dict], sizes_px: Sequence[float], settings: Mapping, seed: int
) -> pd.DataFrame:
    """`perturbed_agreement` of several sets of images, by their `label`."""
    return pd.concat(
        [
            perturbed_agreement(truth, sizes_px, settings, seed).assign(label=label)
            for label, truth in truths.items()
        ],
        ignore_index=True,
    )


def equivalent_shifts(agreed: pd.DataFrame, perturbed: pd.DataFrame) -> dict[str, float]:
    """By label, the shift in px at which moved outlines score as the second annotator's mask AP."""
    found = {}
    for row in agreed.itertuples():
        part = perturbed[(perturbed["label"] == row.label) & (perturbed["way"] == "moved")]
        part = part.sort_values("ap_segm")
        found[row.label] = float(np.interp(row.ap_segm, part["ap_segm"], part["size_px"]))
    return found


def agreement_table(agreed: pd.DataFrame, perturbed: pd.DataFrame) -> Table:
    """Both, for people: first the annotators, then mask AP of outlines moved by so many pixels."""
    shifts = equivalent_shifts(agreed, perturbed)
    frame = agreed.assign(equivalent_shift_px=agreed["label"].map(shifts))
    display = pd.DataFrame({"Images": agreed["label"]})
    display["Outlines"] = [
        f"{first} / {second}"
        for first, second in zip(agreed["outlines"], agreed["second_outlines"], strict=True)
    ]
    for column, heading in MEASURES.items():
        display[heading] = [tenths(value) for value in agreed[column]]
    display["As a shift of (px)"] = [f"{shifts[label]:.1f}" for label in agreed["label"]]
    moved = perturbed[perturbed["way"] == "moved"]
    for size in sorted(set(moved["size_px"]) - {0}):
        by_label = moved[moved["size_px"] == size].set_index("label")["ap_segm"]
        display[f"AP mask, moved {size:g} px"] = [tenths(by_label[it]) for it in agreed["label"]]
    return Table(
        frame,
        display,
        "A second annotator scored like a model against the first (percent; outlines of the first "
        "that count / of the second). A model that agrees with the first better than the second "
        "annotator does has learnt the first one's habits. Right: what true outlines score that "
        "are moved in random directions.",
    )
