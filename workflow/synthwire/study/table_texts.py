"""Words and numbers in the tables: headings, footnotes, signs, intervals."""

from __future__ import annotations

import math
import string
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from synthwire.study.study import Study

HEADINGS = {
    "model": "No.",
    "epochs": "Epochs",
    "dataset_size": "Dataset size",
    "learning_rate": "Learning rate",
    "roi_head": "ROI head",
    "iou_thr": "IOU THR",
    "nms": "NMS",
    "ap_bbox": "AP bbox",
    "ap_segm": "AP segm",
    "accuracy": "Accuracy",
    "ap": "AP",
    "ap50": "AP50",
    "ap75": "AP75",
    "aps": "APs",
    "apm": "APm",
    "apl": "APl",
}

SELECTIONS = {
    "ours": "among our three best by mask AP on these images",
    "paper": "among the three in the paper's table",
    "validation": "chosen on the synthetic validation images alone",
    "elsewhere": "weights from elsewhere, no row of the study",
}


class Footnotes:
    """The notes on doubtful published numbers, numbered a, b, … as they are first needed."""

    def __init__(self, published: Path, table: int) -> None:
        notes = pd.read_csv(published / "footnotes.tsv", sep="\t", dtype=str, keep_default_na=False)
        self._notes = [
            (set(filter(None, row.model.split(","))), set(row.column.split(",")), row.text)
            for row in notes.itertuples()
            if str(table) in row.table.split(",")
        ]
        self._used: list[str] = []

    def mark(self, model: str, column: str, value: float | None) -> str:
        """Marks ("^a^") for a published value; none where there is no value."""
        if value is None or math.isnan(value):
            return ""
        return self._marks(
            text for models, columns, text in self._notes if column in columns and model in models
        )

    def mark_heading(self, column: str) -> str:
        """Marks of the notes that go for all models."""
        return self._marks(
            text for models, columns, text in self._notes if column in columns and not models
        )

    def _marks(self, texts: Iterable[str]) -> str:
        letters = [self._letter(text) for text in texts]
        return f"^{','.join(letters)}^" if letters else ""

    def _letter(self, text: str) -> str:
        if text not in self._used:
            self._used.append(text)
        return string.ascii_lowercase[self._used.index(text)]

    @property
    def texts(self) -> list[str]:
        return [f"^{self._letter(text)}^ {text}" for text in self._used]


def plain(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def published(value: float) -> str:
    """A published number with the decimals of ours; a dash for the paper's NaN."""
    return "–" if math.isnan(value) else f"{value:.1f}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a typographic minus; empty for NaN."""
    return "" if math.isnan(value) else f"{value:+.{digits}f}".replace("-", "−")


def interval_text(low: float, high: float) -> str:
    """ "[12.3, 45.6]"; empty for NaN."""
    return "" if math.isnan(low) else f"[{low:.1f}, {high:.1f}]"


def interval_texts(frame: pd.DataFrame, column: str) -> list[str]:
    return list(map(interval_text, frame[f"{column}_low"], frame[f"{column}_high"]))


def interval_note(study: Study, images: str) -> str:
    found = study.any_evaluation(images).get("uncertainty") or {}
    if not found.get("intervals"):
        return ""
    kind = "images" if found["unit"] == "image" else "blocks of the images"
    return f"; in brackets {found['level']:g} % bootstrap intervals over {found['units']} {kind}"


def count_of(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def with_best_bold(values: pd.Series, digits: int = 1) -> list[str]:
    """Numbers as texts, the greatest in bold; all that print alike are bold together."""
    texts = ["–" if math.isnan(value) else f"{value:.{digits}f}" for value in values]
    known = [float(text) for text in texts if text != "–"]
    if len(set(known)) < 2:
        return texts
    best = f"{max(known):.{digits}f}"
    return [f"**{text}**" if text == best else text for text in texts]
