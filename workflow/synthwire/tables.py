"""Tables 1–4 and the full list of all models on all image sets, beside the published numbers.

Every table is a tidy frame for the CSV and a display, laid out like the paper's (bounding box /
segmentation mask), for Markdown and LaTeX.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation import interval_of, paired_difference
from synthwire.files import atomic_path, write_text

METRICS = ("ap", "ap50", "ap75", "aps", "apm", "apl")
KINDS = ("bbox", "segm")
AP_COLUMNS = [f"{metric}_{kind}" for kind in KINDS for metric in METRICS]
HYPERPARAMETERS = ["epochs", "dataset_size", "learning_rate", "roi_head", "iou_thr", "nms"]
PUBLISHED_TABLE = {"ptychography": 2, "stxm": 3, "sem": 4}  # image kind → table of the paper
SYNTHETIC = "synthetic"
WIDE = 150  # characters; wider tables lie across the page in LaTeX
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
}


@dataclass(frozen=True)
class Table:
    """A table to be written: `frame` as CSV, `display` (texts; **bold**) as Markdown and LaTeX."""

    frame: pd.DataFrame
    display: pd.DataFrame
    caption: str
    footnotes: list[str] = field(default_factory=list)


def read_models(path: str | os.PathLike) -> pd.DataFrame:
    """models.tsv or a published table, the model's number as text ("01")."""
    try:
        frame = pd.read_csv(path, sep="\t", dtype={"model": str}, comment="#")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    if "model" not in frame:
        raise InputError(f"{path}: column 'model' is missing")
    return frame


def build_tables(
    evaluations: Mapping[str, Mapping[str, Mapping]],
    models: pd.DataFrame,
    published: str | os.PathLike,
    *,
    shown: Mapping[int, str],
    image_sets: Mapping[str, Mapping],
    top: int = 3,
) -> dict[str, Table]:
    """All tables: {"table1": …, "table2": …, "table3": …, "table4": …, "supplementary_table1": …}.

    `evaluations[model][images]` are results of `evaluate_predictions`; `models` is models.tsv;
    models evaluated but not listed there ("base") stand in Table 1 and the supplementary table.
    `published` is the folder of the paper's numbers. `shown[2…4]` is the image set of that table;
    a table whose set is missing is left out. `image_sets[images]` tells `label` (for people),
    `kind` ("ptychography", "stxm", "sem", …), where the images come from, as `source` ("published",
    "file", "simulated") or `simulated` (bool), and, optionally, `paper_table` (2, 3 or 4: the
    published table to compare with, whatever the kind).
    """
    published = Path(published)
    tables = {"table1": training_table(evaluations, models, published)}
    for number, images in sorted(shown.items()):
        if images is not None:
            tables[f"table{number}"] = image_table(
                evaluations,
                models,
                published,
                number=number,
                images=images,
                image_set=image_sets.get(images, {}),
                top=top,
            )
    tables["supplementary_table1"] = full_table(evaluations, models, published, image_sets)
    return tables


def training_table(
    evaluations: Mapping[str, Mapping[str, Mapping]], models: pd.DataFrame, published: Path
) -> Table:
    """Table 1: hyperparameters and AP on the synthetic validation images, with the paper's.

    The published numbers stand only beside models with the published hyperparameters.
    """
    frame = _listed_models(evaluations, models)
    for column in ("ap_bbox", "ap_segm"):
        kind = column.removeprefix("ap_")
        frame[column] = [_ap(evaluations, model, SYNTHETIC, kind, "ap") for model in frame["model"]]
    paper = read_models(published / "table1.tsv")
    same = frame[["model", *HYPERPARAMETERS]].merge(
        paper, on=["model", *HYPERPARAMETERS], how="left"
    )
    for column in ("ap_bbox", "ap_segm"):
        frame[f"paper_{column}"] = same[column].to_numpy()
        frame[f"difference_{column}"] = frame[column] - frame[f"paper_{column}"]
        frame = _with_intervals(frame, evaluations, [SYNTHETIC] * len(frame), [column])
    order = ["model", *HYPERPARAMETERS]
    for prefix in ("", "paper_", "difference_"):
        order += [f"{prefix}ap_bbox", f"{prefix}ap_segm"]
    frame = frame[[*order, *(column for column in frame if column not in order)]]
    notes = _Footnotes(published, table=1)
    display = pd.DataFrame({"No.": frame["model"]})
    for column in HYPERPARAMETERS:
        display[HEADINGS[column]] = [_plain(value) for value in frame[column]]
    for column in ("ap_bbox", "ap_segm"):
        display[HEADINGS[column]] = [
            f"{value} {interval}".rstrip()
            for value, interval in zip(
                _with_best_bold(frame[column]), _intervals(frame, column), strict=True
            )
        ]
        display[f"{HEADINGS[column]}, paper"] = [
            _plain(value) + notes.mark(model, column, value)
            for model, value in zip(frame["model"], frame[f"paper_{column}"], strict=True)
        ]
        display[f"{HEADINGS[column]}, difference"] = [
            signed(value) for value in frame[f"difference_{column}"]
        ]
    images = _first(evaluations, SYNTHETIC).get("counts", {}).get("images", 0)
    caption = (
        "Hyperparameters and average precision (percent) of the models on the "
        f"{_count(images, 'synthetic validation image')}, beside the published values. "
        f"{_interval_text(evaluations, SYNTHETIC)}Best of ours in bold."
    )
    if set(frame["model"]) - set(models["model"]):
        caption += (
            " Models without hyperparameters of their own are starting points of the others' "
            "training."
        )
    return Table(frame, display, caption, notes.texts)


def image_table(
    evaluations: Mapping[str, Mapping[str, Mapping]],
    models: pd.DataFrame,
    published: Path,
    *,
    number: int,
    images: str,
    image_set: Mapping,
    top: int = 3,
) -> Table:
    """Table 2, 3 or 4: our best models on one image set and the paper's, with its numbers.

    Rows are the union of our `top` by mask AP and the paper's three, best first, and one more for
    the model with the best mask AP on the synthetic validation images, since the best of many on
    the test images themselves flatters. Column `selection` tells why a model stands there.
    """
    evaluated = [model for model in models["model"] if images in evaluations.get(model, {})]
    if not evaluated:
        raise InputError(f"table {number}: no model has been evaluated on image set '{images}'")
    paper_number = paper_table(image_set) or number
    paper = read_models(published / f"table{paper_number}.tsv").set_index("model")

    def by_ap(name: str) -> list[str]:
        values = {model: _ap(evaluations, model, name, "segm", "ap") for model in evaluated}
        known = [model for model in evaluated if not math.isnan(values[model])]
        return sorted(known, key=lambda model: -values[model])

    best = by_ap(images)
    leaders = best[:top]
    rows = [
        (model, "+".join(_selections(model, leaders, paper.index)))
        for model in [*best, *(model for model in evaluated if model not in best)]
        if model in leaders or model in paper.index
    ]
    chosen = by_ap(SYNTHETIC)[:1]
    rows.extend((model, "validation") for model in chosen)
    frame = pd.DataFrame(rows, columns=["model", "selection"])
    for column in ("accuracy", *AP_COLUMNS):
        frame[column] = [_value(evaluations, model, images, column) for model in frame["model"]]
    for column in ("accuracy", *AP_COLUMNS):
        frame[f"paper_{column}"] = [paper[column].get(model, math.nan) for model in frame["model"]]
    for column in ("accuracy", *AP_COLUMNS):
        frame[f"difference_{column}"] = frame[column] - frame[f"paper_{column}"]
    frame = _with_intervals(frame, evaluations, [images] * len(frame), ["accuracy", *AP_COLUMNS])
    tests = [
        paired_difference(evaluations[model][images], evaluations[frame["model"][0]][images])
        for model in frame["model"]
    ]
    for key in ("difference", "low", "high", "p"):
        frame[f"{key}_to_first"] = [math.nan if test is None else test[key] for test in tests]
    notes = _Footnotes(published, table=paper_number)
    display = _image_display(frame, notes)
    label = image_set.get("label", images)
    counts = _first(evaluations, images).get("counts", {})
    caption = (
        f"Model performance on {label} (bounding box/segmentation mask, percent; "
        f"{_count(counts.get('images', 0), 'image')}, "
        f"{_count(counts.get('ground_truth', 0), 'annotated particle')}). For each model our "
        "values, and the published ones with the difference where the paper gives them. "
        f"{_interval_text(evaluations, images)}Best of ours in bold."
    )
    texts = list(notes.texts)
    if frame["p_to_first"].notna().any():
        texts.append(
            "p: two-sided paired bootstrap test of the mask AP against that of the first row; it "
            "covers the choice of images and particles, not the chance in training."
        )
    texts.append("Rows: " + "; ".join(f"{key}: {text}" for key, text in SELECTIONS.items()) + ".")
    if paper_table(image_set) is None:
        texts.append(
            f"The images here are {label}; the published values belong to the paper's own "
            f"{_paper_kind(paper_number)} image, so the two are not the same measurement."
        )
    elif images != SYNTHETIC:
        texts.append(
            "The outlines are not the paper's own, which were never published, so that the "
            "numbers are close to, but not the same measurement as, the published ones."
        )
    return Table(frame, display, caption, texts)


def _selections(model: str, leaders: Sequence[str], paper: pd.Index) -> list[str]:
    return [key for key, group in (("ours", leaders), ("paper", list(paper))) if model in group]


def _image_display(frame: pd.DataFrame, notes: _Footnotes) -> pd.DataFrame:
    shown = {column: _with_best_bold(frame[column]) for column in ("accuracy", *AP_COLUMNS)}
    intervals = {column: _intervals(frame, column) for column in ("accuracy", *AP_COLUMNS)}
    tested = frame["p_to_first"].notna().any()
    rows = []

    def add(head: tuple[str, str, str], cells: Mapping[str, Sequence[str]], p: str = "") -> None:
        row = dict(zip(("No.", "Row", "Values"), head, strict=True))
        row["Accuracy"] = cells["accuracy"]
        for metric in METRICS:
            pair = [cells[f"{metric}_{kind}"] for kind in KINDS]
            row[HEADINGS[metric]] = "/".join(pair) if any(pair) else ""
        if tested:
            row["p"] = p
        rows.append(row)

    for number, row in frame.iterrows():
        first = number == 0 or math.isnan(row["p_to_first"])
        p = "" if first else f"{row['p_to_first']:.3f}"
        own = {column: texts[number] for column, texts in shown.items()}
        add((row["model"], row["selection"], "ours"), own, p)
        own = {column: texts[number] for column, texts in intervals.items()}
        if any(own.values()):
            add(("", "", "interval"), own)
        if math.isnan(row["paper_accuracy"]):
            continue
        paper = {
            column: (_plain(row[f"paper_{column}"]) or "NaN")
            + notes.mark(row["model"], column, row[f"paper_{column}"])
            for column in AP_COLUMNS
        }
        add(("", "", "paper"), {"accuracy": _plain(row["paper_accuracy"]), **paper})
        columns = ("accuracy", *AP_COLUMNS)
        differences = {column: signed(row[f"difference_{column}"]) for column in columns}
        add(("", "", "difference"), differences)
    headings = {HEADINGS[m]: HEADINGS[m] + notes.mark_heading(f"{m}_segm") for m in METRICS}
    return pd.DataFrame(rows).rename(columns=headings)


def _with_intervals(
    frame: pd.DataFrame,
    evaluations: Mapping,
    images: Sequence[str],
    columns: Sequence[str],
) -> pd.DataFrame:
    """Further columns `{column}_low`, `{column}_high`; NaN where there is no interval."""
    added = {}
    for column in columns:
        found = [
            _interval(evaluations.get(model, {}).get(name, {}), column)
            for model, name in zip(frame["model"], images, strict=True)
        ]
        added[f"{column}_low"] = [low for low, _ in found]
        added[f"{column}_high"] = [high for _, high in found]
    return pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)


def _interval(evaluation: Mapping, column: str) -> tuple[float, float]:
    return interval_of(evaluation, "_".join(reversed(column.split("_"))))


def _intervals(frame: pd.DataFrame, column: str) -> list[str]:
    return [
        "" if math.isnan(low) else f"[{low:.1f}, {high:.1f}]"
        for low, high in zip(frame[f"{column}_low"], frame[f"{column}_high"], strict=True)
    ]


def _interval_text(evaluations: Mapping, images: str) -> str:
    found = _first(evaluations, images).get("uncertainty") or {}
    if not found.get("intervals"):
        return ""
    kind = "images" if found["unit"] == "image" else "blocks of the images"
    return f"In brackets {found['level']:g} % bootstrap intervals over {found['units']} {kind}. "


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def full_table(
    evaluations: Mapping[str, Mapping[str, Mapping]],
    models: pd.DataFrame,
    published: Path,
    image_sets: Mapping[str, Mapping],
) -> Table:
    """Supplementary Table 1: every model on every image set.

    Columns: model, images, accuracy, AP at scores ≥ 0.05 and at most 100 detections; intervals
    of accuracy and AP; precision, recall, F1, panoptic quality, boundary F1, count error, mask AP
    by the fraction of a particle that others cover (`ap_segm_overlap_{from}_{to}`); then the same
    APs under the other readings that the paper leaves open (only scores ≥ 0.7; 500
    detections) as `{metric}_{kind}_{reading}`; then the paper's, where an image set is of the
    paper's own kind.
    """
    order = list(_listed_models(evaluations, models)["model"])
    names = list(dict.fromkeys(images for model in order for images in evaluations.get(model, {})))
    readings = _readings(evaluations)
    papers = {
        images: read_models(published / f"table{number}.tsv").set_index("model")
        for images in names
        if (number := paper_table(image_sets.get(images, {}))) is not None
    }
    if SYNTHETIC in names:
        listed = training_table(evaluations, models, published).frame.set_index("model")
        papers[SYNTHETIC] = listed[["paper_ap_bbox", "paper_ap_segm"]].rename(
            columns=lambda column: column.removeprefix("paper_")
        )
    rows = []
    for images in names:
        paper = papers.get(images, pd.DataFrame())
        for model in order:
            if images not in evaluations.get(model, {}):
                continue
            row = {"model": model, "images": images}
            for column in ("accuracy", *AP_COLUMNS):
                row[column] = _value(evaluations, model, images, column)
            evaluation = evaluations[model][images]
            for column in ("accuracy", "ap_bbox", "ap_segm"):
                row[f"{column}_low"], row[f"{column}_high"] = _interval(evaluation, column)
            row.update(_further_metrics(evaluation))
            for reading in readings:
                for column in AP_COLUMNS:
                    metric, kind = column.split("_")
                    row[f"{column}_{reading}"] = _ap(
                        evaluations, model, images, f"{kind}_{reading}", metric
                    )
            for column in ("accuracy", *AP_COLUMNS):
                known = column in paper and model in paper.index
                row[f"paper_{column}"] = paper.loc[model, column] if known else math.nan
            rows.append(row)
    frame = pd.DataFrame(rows)
    parts = []
    for images, group in frame.groupby("images", sort=False):
        label = image_sets.get(images, {}).get("label", images)
        part = pd.DataFrame({"Images": label, "No.": group["model"]})
        part["Accuracy"] = _with_best_bold(group["accuracy"])
        for metric in METRICS:
            part[HEADINGS[metric]] = _pair(group, metric, "")
        for reading in readings:
            part[f"AP, {_reading_heading(reading)}"] = _pair(group, "ap", f"_{reading}")
        part["AP paper"] = [
            "" if math.isnan(box) else f"{_plain(box)}/{_plain(mask)}"
            for box, mask in zip(group["paper_ap_bbox"], group["paper_ap_segm"], strict=True)
        ]
        parts.append(part)
    display = pd.concat(parts, ignore_index=True)
    caption = (
        "All models on all image sets (bounding box/segmentation mask, percent). The paper does "
        "not say which scores and how many detections its average precision counts; the main "
        "columns follow COCO and Detectron2 (scores from 0.05, 100 detections an image), the "
        "further ones the other readings. Best of each image set in bold."
    )
    return Table(frame, display, caption)


def _further_metrics(evaluation: Mapping) -> dict[str, float]:
    """Metrics beyond the paper's, for the CSV: instances with score ≥ the accuracy's, outlines."""
    first = next(iter(evaluation.get("thresholds", [])), {})
    found = {f"{key}_iou50": first.get(key) for key in ("precision", "recall", "f1")}
    found.update({key: evaluation.get("panoptic", {}).get(key) for key in ("pq", "sq", "rq")})
    found["boundary_f1"] = evaluation.get("boundary", {}).get("f1")
    found["relative_count_error"] = evaluation.get("count", {}).get("relative_error")
    for part in evaluation.get("overlap", []):
        found[f"ap_segm_overlap_{part['low']:g}_{part['high']:g}"] = part["ap"]
    return {key: math.nan if value is None else float(value) for key, value in found.items()}


def _reading_heading(reading: str) -> str:
    if reading.startswith("score"):
        return f"score ≥ {int(reading.removeprefix('score')) / 100:g}"
    return f"{reading} det."


def _readings(evaluations: Mapping) -> list[str]:
    """Suffixes of the other readings of AP, as evaluated: score70, 500."""
    for per_images in evaluations.values():
        for evaluation in per_images.values():
            return [
                key.removeprefix("segm_")
                for key in evaluation
                if re.fullmatch(r"segm_(score\d+|\d+)", key)
            ]
    return []


def _pair(group: pd.DataFrame, metric: str, suffix: str) -> list[str]:
    cells = [_with_best_bold(group[f"{metric}_{kind}{suffix}"]) for kind in KINDS]
    return [f"{box}/{mask}" for box, mask in zip(*cells, strict=True)]


def _listed_models(evaluations: Mapping, models: pd.DataFrame) -> pd.DataFrame:
    """Rows of models.tsv, and before them the evaluated models that it does not list."""
    for column in ("model", *HYPERPARAMETERS):
        if column not in models:
            raise InputError(f"models table: column '{column}' is missing")
    others = [model for model in evaluations if model not in set(models["model"])]
    listed = models[["model", *HYPERPARAMETERS]]
    if not others:
        return listed.reset_index(drop=True)
    return pd.concat([pd.DataFrame({"model": others}), listed], ignore_index=True)


def _value(evaluations: Mapping, model: str, images: str, column: str) -> float:
    if column == "accuracy":
        value = evaluations.get(model, {}).get(images, {}).get("accuracy")
        return math.nan if value is None else float(value)
    metric, kind = column.split("_")
    return _ap(evaluations, model, images, kind, metric)


def _ap(evaluations: Mapping, model: str, images: str, kind: str, metric: str) -> float:
    value = evaluations.get(model, {}).get(images, {}).get(kind, {}).get(metric)
    return math.nan if value is None else float(value)


def _first(evaluations: Mapping, images: str) -> Mapping:
    return next((sets[images] for sets in evaluations.values() if images in sets), {})


def paper_table(image_set: Mapping) -> int | None:
    """Number of the paper's table that shows these very images; None for other images."""
    if image_set.get("paper_table"):
        return int(image_set["paper_table"])
    if image_set.get("simulated") or image_set.get("source", "published") != "published":
        return None
    return PUBLISHED_TABLE.get(image_set.get("kind", ""))


def _paper_kind(number: int) -> str:
    return {2: "X-ray ptychography", 3: "STXM", 4: "SEM"}[number]


# Texts


class _Footnotes:
    """The notes on doubtful published numbers, numbered a, b, … as they are first needed."""

    def __init__(self, published: Path, table: int):
        notes = pd.read_csv(published / "footnotes.tsv", sep="\t", dtype=str, keep_default_na=False)
        self._notes = [
            (set(filter(None, row.model.split(","))), set(row.column.split(",")), row.text)
            for row in notes.itertuples()
            if str(table) in row.table.split(",")
        ]
        self._used: list[str] = []

    def mark(self, model: str, column: str, value: float) -> str:
        """Marks ("^a^") for a published value; none where there is no value."""
        if value is None or math.isnan(value):
            return ""
        letters = []
        for models, columns, text in self._notes:
            if column in columns and model in models:
                letters.append(self._letter(text))
        return f"^{','.join(letters)}^" if letters else ""

    def mark_heading(self, column: str) -> str:
        """Marks of the notes that go for all models."""
        letters = [
            self._letter(t)
            for models, columns, t in self._notes
            if column in columns and not models
        ]
        return f"^{','.join(letters)}^" if letters else ""

    def _letter(self, text: str) -> str:
        if text not in self._used:
            self._used.append(text)
        return "abcdefgh"[self._used.index(text)]

    @property
    def texts(self) -> list[str]:
        return [f"^{'abcdefgh'[i]}^ {text}" for i, text in enumerate(self._used)]


def _number(value: float | None, digits: int, missing: str = "") -> str:
    if value is None or math.isnan(value):
        return missing
    return f"{value:.{digits}f}"


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a typographic minus; empty for NaN."""
    return "" if math.isnan(value) else f"{value:+.{digits}f}".replace("-", "−")


def _with_best_bold(values: pd.Series, digits: int = 1) -> list[str]:
    """Numbers as texts, the greatest in bold; all that print alike are bold together."""
    texts = [_number(value, digits, missing="NaN") for value in values]
    known = [float(text) for text in texts if text != "NaN"]
    if len(set(known)) < 2:
        return texts
    best = f"{max(known):.{digits}f}"
    return [f"**{text}**" if text == best else text for text in texts]


# Writing


def write_table(table: Table, stem: str | os.PathLike) -> None:
    """Write `stem`.csv, .md and .tex, each atomically.

    The LaTeX file holds one table environment (a longtable when it has more than 40 lines; across
    the page when it is wide) to be \\input; it needs the packages booktabs, longtable, lscape
    and graphicx.
    """
    stem = Path(stem)
    with atomic_path(stem.with_name(stem.name + ".csv")) as temporary:
        table.frame.to_csv(temporary, index=False, na_rep="NaN", lineterminator="\n")
    write_text(stem.with_name(stem.name + ".md"), to_markdown(table))
    write_text(stem.with_name(stem.name + ".tex"), to_latex(table, label=f"tab:{stem.name}"))


def to_markdown(table: Table) -> str:
    """GitHub-flavoured Markdown: caption, table with aligned columns, footnotes."""
    cells = [list(table.display.columns), *table.display.astype(str).to_numpy().tolist()]
    cells = [[_superscript(cell).replace("|", "\\|") for cell in row] for row in cells]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(cells[0]))]

    def line(row: Sequence[str]) -> str:
        return (
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ) + " |"

    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    lines = [table.caption, "", line(cells[0]), rule, *(line(row) for row in cells[1:]), ""]
    lines.extend(_superscript(note) + "\n" for note in table.footnotes)
    return "\n".join(lines).rstrip() + "\n"


def _superscript(text: str) -> str:
    return re.sub(r"\^([^^]+)\^", r"<sup>\1</sup>", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "−": r"$-$",
    "–": "--",
    "²": r"\textsuperscript{2}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "σ": r"$\sigma$",
    "µ": r"$\mu$",
    "°": r"$^\circ$",
    "…": r"\ldots{}",
    "’": "'",
}


def latex_text(text: str) -> str:
    """Plain text with **bold** and ^superscript^ as LaTeX."""
    escaped = "".join(_LATEX.get(character, character) for character in text)
    escaped = escaped.replace(r" \%", r"~\%")
    escaped = re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", escaped)
    # the circumflex of $^\circ$ is LaTeX's own
    return re.sub(r"(?<!\$)\^([^^$]+)\^", r"\\textsuperscript{\1}", escaped)


def to_latex(table: Table, label: str) -> str:
    """A table environment with booktabs rules, or a longtable when it has more than 40 lines."""
    columns = [latex_text(str(column)) for column in table.display.columns]
    body = [
        " & ".join(latex_text(str(cell)) for cell in row) + r" \\"
        for row in table.display.to_numpy().tolist()
    ]
    layout = "l" * len(columns)
    head = " & ".join(columns) + r" \\"
    caption = rf"\caption{{{latex_text(table.caption)}}}"
    notes = [rf"\par\smallskip\raggedright {latex_text(note)}" for note in table.footnotes]
    lines = ["% needs \\usepackage{booktabs,longtable,lscape,graphicx}"]
    if len(body) > 40:
        lines += [
            r"\begin{landscape}\scriptsize\setlength{\tabcolsep}{2pt}",
            rf"\begin{{longtable}}{{@{{}}{layout}@{{}}}}",
            rf"{caption}\label{{{label}}}\\",
            *(r"\toprule", head, r"\midrule", r"\endfirsthead"),
            *(r"\toprule", head, r"\midrule", r"\endhead"),
            *(r"\bottomrule", r"\endfoot"),
            *body,
            r"\end{longtable}",
            *notes,
            r"\end{landscape}",
        ]
    else:
        cells = [table.display.columns, *table.display.astype(str).to_numpy()]
        widths = [max(len(str(row[i])) for row in cells) for i in range(len(columns))]
        across = sum(widths) > WIDE
        lines += [
            *([r"\begin{landscape}"] if across else []),
            r"\begin{table}",
            r"\centering\footnotesize",
            rf"{caption}\label{{{label}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{@{{}}{layout}@{{}}}}",
            *(r"\toprule", head, r"\midrule"),
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            *notes,
            r"\end{table}",
            *([r"\end{landscape}"] if across else []),
        ]
    return "\n".join(lines) + "\n"
