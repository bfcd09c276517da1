"""Tables 2–4: the best models on one image set, beside the paper's."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation.average_precision import METRICS
from synthwire.evaluation.case import KINDS
from synthwire.evaluation.uncertainty import paired_difference
from synthwire.study.study import (
    AP_COLUMNS,
    MEASURES,
    SYNTHETIC,
    Study,
)
from synthwire.study.table_files import Table
from synthwire.study.table_texts import (
    HEADINGS,
    SELECTIONS,
    Footnotes,
    count_of,
    interval_note,
    interval_texts,
    published,
    signed,
    with_best_bold,
)

TOP = 3  # of our models, as in the paper's tables


def image_table(study: Study, number: int, images: str) -> Table:
    """Table 2, 3 or 4: our best models on one image set and the paper's, with its numbers.

    Rows are the union of our `TOP` by mask AP and the paper's three, best first, and one more for
    the model with the best mask AP on the synthetic validation images, since the best of many on
    the test images themselves flatters. Models from elsewhere, which are no rows of the study, come
    last. Column `selection` tells why a model stands there.
    """
    if not study.listed(images):
        raise InputError(f"table {number}: no model has been evaluated on image set '{images}'")
    own_number = study.paper_table(images)
    paper_number = own_number if own_number in (2, 3, 4) else number
    paper = study.paper(paper_number)
    frame = _selected_models(study, images, paper.index)
    frame = frame.join(study.measures(frame["model"], images, MEASURES))
    for column in MEASURES:
        frame[f"paper_{column}"] = [paper[column].get(model, math.nan) for model in frame["model"]]
        frame[f"difference_{column}"] = frame[column] - frame[f"paper_{column}"]
    first = study.evaluation(frame["model"][0], images)
    tests = [
        paired_difference(study.evaluation(model, images), first) or {} for model in frame["model"]
    ]
    for key in ("difference", "low", "high", "p"):
        frame[f"{key}_to_first"] = [test.get(key, math.nan) for test in tests]
    frame = frame[
        [
            *("model", "selection"),
            *(f"{prefix}{c}" for prefix in ("", "paper_", "difference_") for c in MEASURES),
            *(f"{column}_{end}" for column in MEASURES for end in ("low", "high")),
            *(f"{key}_to_first" for key in ("difference", "low", "high", "p")),
        ]
    ]
    notes = Footnotes(study.published, table=paper_number)
    display = _image_display(frame, notes)
    counts = study.any_evaluation(images).get("counts", {})
    caption = (
        f"Models on {study.label(images)} ({count_of(counts.get('images', 0), 'image')}, "
        f"{count_of(counts.get('ground_truth', 0), 'annotated particle')}): bounding "
        f"box/segmentation mask, percent{interval_note(study, images)}; best of ours in bold."
    )
    caption = " ".join(filter(None, [caption, study.looks]))
    texts = list(notes.texts)
    if frame["p_to_first"].notna().any():
        texts.append(
            "p: two-sided paired bootstrap test of the mask AP against that of the first row; it "
            "covers the choice of images and particles, not the chance in training."
        )
    reasons = set("+".join(frame["selection"]).split("+"))
    rows = (f"{key}: {text}" for key, text in SELECTIONS.items() if key in reasons)
    texts.append("Rows: " + "; ".join(rows) + ".")
    if own_number is None:
        texts.append(
            "The published values belong to the paper's own image, so the two are not the same "
            "measurement."
        )
    elif images != SYNTHETIC:
        texts.append(
            "The outlines are not the paper's own, which were never published, so that the "
            "numbers are close to, but not the same measurement as, the published ones."
        )
    return Table(frame, display, caption, texts)


def _selected_models(study: Study, images: str, paper: pd.Index) -> pd.DataFrame:
    """Columns model and selection of the rows of Tables 2–4."""
    ranking = study.ranking(images)
    groups = {"ours": ranking[:TOP], "paper": list(paper)}
    without_ap = [model for model in study.listed(images) if model not in ranking]
    rows = []
    for model in [*ranking, *without_ap]:
        reasons = [reason for reason, group in groups.items() if model in group]
        if reasons:
            rows.append((model, "+".join(reasons)))
    evaluated = set(study.listed(images))
    chosen = [model for model in study.ranking(SYNTHETIC) if model in evaluated][:1]
    rows.extend((model, "validation") for model in chosen)
    others = [model for model in study.base_models if model != "base"]
    rows.extend((model, "elsewhere") for model in others if study.evaluation(model, images))
    return pd.DataFrame(rows, columns=["model", "selection"])


def _image_display(frame: pd.DataFrame, notes: Footnotes) -> pd.DataFrame:
    """Four lines a model: ours, interval, paper, difference; the last two where there are any."""
    ours = {column: with_best_bold(frame[column]) for column in MEASURES}
    intervals = {column: interval_texts(frame, column) for column in MEASURES}
    tested = frame["p_to_first"].notna().any()
    lines = []

    def add(head: tuple[str, str, str], cells: Mapping[str, str], p: str = "") -> None:
        line = dict(zip(("No.", "Row", "Values"), head, strict=True))
        line["Accuracy"] = cells["accuracy"]
        for metric in METRICS:
            pair = [cells[f"{metric}_{kind}"] for kind in KINDS]
            line[HEADINGS[metric]] = "/".join(pair) if any(pair) else ""
        if tested:
            line["p"] = p
        lines.append(line)

    for number, row in frame.iterrows():
        first = number == 0 or math.isnan(row["p_to_first"])
        p = "" if first else f"{row['p_to_first']:.3f}"
        head = (row["model"], row["selection"], "ours")
        add(head, {column: texts[number] for column, texts in ours.items()}, p)
        cells = {column: texts[number] for column, texts in intervals.items()}
        if any(cells.values()):
            add(("", "", "interval"), cells)
        if math.isnan(row["paper_accuracy"]):
            continue
        paper = {
            column: published(row[f"paper_{column}"])
            + notes.mark(row["model"], column, row[f"paper_{column}"])
            for column in AP_COLUMNS
        }
        add(("", "", "paper"), {"accuracy": published(row["paper_accuracy"]), **paper})
        differences = {column: signed(row[f"difference_{column}"]) for column in MEASURES}
        add(("", "", "difference"), differences)
    headings = {HEADINGS[m]: HEADINGS[m] + notes.mark_heading(f"{m}_segm") for m in METRICS}
    return pd.DataFrame(lines).rename(columns=headings)
