"""Table 1: the models' hyperparameters and what they reach on synthetic images."""

from __future__ import annotations

import pandas as pd

from synthwire.study.study import (
    AP_OF_KIND,
    HYPERPARAMETERS,
    SYNTHETIC,
    Study,
)
from synthwire.study.table_files import Table
from synthwire.study.table_texts import (
    HEADINGS,
    Footnotes,
    count_of,
    interval_note,
    interval_texts,
    plain,
    published,
    signed,
    with_best_bold,
)


def training_table(study: Study) -> Table:
    """Table 1: hyperparameters and AP on the synthetic validation images, with the paper's.

    The published numbers stand only beside models with the published hyperparameters. What models
    beyond the paper change besides (column `changes` of the models) is said in footnotes.
    """
    frame = _models_and_base(study)
    frame = frame.join(study.measures(frame["model"], SYNTHETIC, AP_OF_KIND))
    paper = study.paper(1).reset_index()
    same = frame[["model", *HYPERPARAMETERS]].merge(
        paper, on=["model", *HYPERPARAMETERS], how="left"
    )
    for column in AP_OF_KIND:
        frame[f"paper_{column}"] = same[column].to_numpy()
        frame[f"difference_{column}"] = frame[column] - frame[f"paper_{column}"]
    frame = frame[
        [
            *("model", *HYPERPARAMETERS),
            *(f"{prefix}{c}" for prefix in ("", "paper_", "difference_") for c in AP_OF_KIND),
            *(f"{column}_{end}" for column in AP_OF_KIND for end in ("low", "high")),
        ]
    ]
    notes = Footnotes(study.published, table=1)
    display = pd.DataFrame({"No.": frame["model"]})
    for column in HYPERPARAMETERS:
        display[HEADINGS[column]] = [plain(value) for value in frame[column]]
    for column in AP_OF_KIND:
        display[HEADINGS[column]] = [
            f"{value} {interval}".rstrip()
            for value, interval in zip(
                with_best_bold(frame[column]), interval_texts(frame, column), strict=True
            )
        ]
        display[f"{HEADINGS[column]}, paper"] = [
            published(value) + notes.mark(model, column, value)
            for model, value in zip(frame["model"], frame[f"paper_{column}"], strict=True)
        ]
        display[f"{HEADINGS[column]}, difference"] = [
            signed(value) for value in frame[f"difference_{column}"]
        ]
    images = study.any_evaluation(SYNTHETIC).get("counts", {}).get("images", 0)
    caption = (
        "Hyperparameters, and average precision (percent) on "
        f"{count_of(images, 'synthetic validation image')}, ours and the paper's"
        f"{interval_note(study, SYNTHETIC)}; best of ours in bold."
    )
    caption = " ".join(filter(None, [caption, study.start, study.looks]))
    texts = list(notes.texts)
    for model in study.base_models:
        origin = "where the other models' training starts"
        texts.append(f"{model}: {origin if model == 'base' else 'weights from elsewhere'}.")
    if "changes" in study.models:
        changed = study.models[study.models["changes"] != ""]
        texts += [
            f"{model}: {changes}."
            for model, changes in zip(changed["model"], changed["changes"], strict=True)
        ]
    return Table(frame, display, caption, texts)


def _models_and_base(study: Study) -> pd.DataFrame:
    """Rows of models.tsv, and before them the networks that it does not list."""
    first = study.models["model"].isin(study.repetitions)
    listed = study.models.loc[first, ["model", *HYPERPARAMETERS]]
    if not study.base_models:
        return listed.reset_index(drop=True)
    return pd.concat([pd.DataFrame({"model": study.base_models}), listed], ignore_index=True)
