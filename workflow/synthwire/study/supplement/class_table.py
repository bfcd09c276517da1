"""Supplementary Notes 1 and 8: other kinds of particles, learnt and not learnt."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from synthwire.evaluation.classes import class_scores, confusion
from synthwire.study.supplement.words import tenths
from synthwire.study.table_files import Table


def measure_classes(
    truths: Mapping[str, dict], results: Mapping[str, Mapping[str, list]], settings: Mapping
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """AP of each class on each kind of images by each model, and the first model's confusion.

    truths: label of the images → COCO data set; results: the same → model → COCO results, of which
    the first model is the one that learnt from such images. settings: the config's `evaluation`.
    """
    rows, confusions = [], {}
    for label, truth in truths.items():
        for model, predictions in results[label].items():
            known = {item["id"] for item in truth["categories"]}
            predictions = [item for item in predictions if item["category_id"] in known]
            rows.append(class_scores(truth, predictions, settings).assign(label=label, model=model))
            if label not in confusions:
                confusions[label] = confusion(truth, predictions, settings)
    return pd.concat(rows, ignore_index=True), confusions


def class_table(rows: pd.DataFrame) -> Table:
    """A row a kind of images, model and class."""
    display = pd.DataFrame(
        {
            "Images": rows["label"],
            "Trained on": rows["model"],
            "Class": rows["class"],
            "Particles": rows["particles"].astype(str),
        }
    )
    for column, heading in HEADINGS.items():
        display[heading] = [tenths(value) for value in rows[column]]
    return Table(
        rows,
        display,
        "Other kinds of particles (percent, on validation images of each kind): the model that "
        "learnt from such images, and one that learnt from wires alone and knows no other class.",
    )


HEADINGS = {"ap_bbox": "AP box", "ap_segm": "AP mask", "ap50_segm": "AP50 mask"}
