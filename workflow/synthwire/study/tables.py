"""Tables 1–4 and the full list of all models on all image sets, beside the published numbers.

Every table is a tidy frame for the CSV and a display, laid out like the paper's (bounding box /
segmentation mask), for Markdown and LaTeX.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation import paired_difference
from synthwire.study.study import (
    AP_COLUMNS,
    HYPERPARAMETERS,
    KINDS,
    MEASURES,
    METRICS,
    SYNTHETIC,
    Study,
    metric_of,
)
from synthwire.study.table_files import Table
from synthwire.study.table_texts import (
    HEADINGS,
    SELECTIONS,
    Footnotes,
    count_of,
    interval_note,
    interval_texts,
    plain,
    signed,
    with_best_bold,
)

TOP = 3  # of our models in Tables 2–4, as in the paper's
AP_OF_KIND = ["ap_bbox", "ap_segm"]


def build_tables(study: Study) -> dict[str, Table]:
    """All tables: {"table1": …, "table2": …, "table3": …, "table4": …, "supplementary_table1": …}.

    A table for which `study.shown` names no image set is left out.
    """
    tables = {"table1": training_table(study)}
    for number, images in sorted(study.shown.items()):
        if images is not None:
            tables[f"table{number}"] = image_table(study, number, images)
    tables["supplementary_table1"] = full_table(study)
    return tables


def training_table(study: Study) -> Table:
    """Table 1: hyperparameters and AP on the synthetic validation images, with the paper's.

    The published numbers stand only beside models with the published hyperparameters. What models
    beyond the paper change besides (column `changes` of the models) is said in footnotes.
    """
    frame = _models_and_base(study)
    frame = frame.join(measured(study, frame["model"], SYNTHETIC, AP_OF_KIND))
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
            plain(value) + notes.mark(model, column, value)
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


def image_table(study: Study, number: int, images: str) -> Table:
    """Table 2, 3 or 4: our best models on one image set and the paper's, with its numbers.

    Rows are the union of our `TOP` by mask AP and the paper's three, best first, and one more for
    the model with the best mask AP on the synthetic validation images, since the best of many on
    the test images themselves flatters. Column `selection` tells why a model stands there.
    """
    if not study.listed(images):
        raise InputError(f"table {number}: no model has been evaluated on image set '{images}'")
    own_number = study.paper_table(images)
    paper_number = own_number if own_number in (2, 3, 4) else number
    paper = study.paper(paper_number)
    frame = _selected_models(study, images, paper.index)
    frame = frame.join(measured(study, frame["model"], images, MEASURES))
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
    texts = list(notes.texts)
    if frame["p_to_first"].notna().any():
        texts.append(
            "p: two-sided paired bootstrap test of the mask AP against that of the first row; it "
            "covers the choice of images and particles, not the chance in training."
        )
    texts.append("Rows: " + "; ".join(f"{key}: {text}" for key, text in SELECTIONS.items()) + ".")
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
            column: (plain(row[f"paper_{column}"]) or "NaN")
            + notes.mark(row["model"], column, row[f"paper_{column}"])
            for column in AP_COLUMNS
        }
        add(("", "", "paper"), {"accuracy": plain(row["paper_accuracy"]), **paper})
        differences = {column: signed(row[f"difference_{column}"]) for column in MEASURES}
        add(("", "", "difference"), differences)
    headings = {HEADINGS[m]: HEADINGS[m] + notes.mark_heading(f"{m}_segm") for m in METRICS}
    return pd.DataFrame(lines).rename(columns=headings)


def full_table(study: Study) -> Table:
    """Supplementary Table 1: every model, and the watershed, on every image set.

    Columns: model, images, accuracy, AP at scores ≥ 0.05 and at most 100 detections; intervals
    of accuracy and AP; precision, recall, F1, panoptic quality, boundary F1, count error; mask AP
    by the fraction of a particle that others cover (`ap_segm_overlap_{from}_{to}`, with `_low` and
    `_high`); then the same APs under the other readings that the paper leaves open (only scores
    ≥ 0.7; 500 detections; without nested masks) as `{metric}_{kind}_{reading}`; then the paper's,
    where an image set is the paper's own.
    """
    models = [*study.base_models, *study.models["model"], *study.baselines]
    names = dict.fromkeys(name for model in models for name in study.evaluations.get(model, {}))
    readings = _readings(study)
    rows = []
    for images in names:
        paper = _paper_values(study, images)
        for model in models:
            if evaluation := study.evaluation(model, images):
                rows.append(
                    {
                        "model": model,
                        "images": images,
                        **measured(study, [model], images, MEASURES, ["accuracy", *AP_OF_KIND])
                        .iloc[0]
                        .to_dict(),
                        **_further_metrics(evaluation),
                        **_overlap_metrics(study, model, images),
                        **{
                            f"{column}_{reading}": _of_reading(evaluation, column, reading)
                            for reading in readings
                            for column in AP_COLUMNS
                        },
                        **{f"paper_{c}": paper.get(c, {}).get(model, math.nan) for c in MEASURES},
                    }
                )
    frame = pd.DataFrame(rows)
    parts = []
    for images, group in frame.groupby("images", sort=False):
        part = pd.DataFrame({"Images": study.label(images), "No.": group["model"]})
        part["Accuracy"] = with_best_bold(group["accuracy"])
        for metric in METRICS:
            part[HEADINGS[metric]] = _pair(group, metric, "")
        for reading in readings:
            part[f"AP, {_reading_heading(reading)}"] = _pair(group, "ap", f"_{reading}")
        part["AP paper"] = [
            "" if math.isnan(box) else f"{plain(box)}/{plain(mask)}"
            for box, mask in zip(group["paper_ap_bbox"], group["paper_ap_segm"], strict=True)
        ]
        parts.append(part)
    caption = (
        "All models on all image sets (bounding box/segmentation mask, percent). AP counts scores "
        "from 0.05 and 100 detections an image, unless its column says otherwise; best of each "
        "image set in bold."
    )
    return Table(frame, pd.concat(parts, ignore_index=True), caption)


def _paper_values(study: Study, images: str) -> dict[str, dict[str, float]]:
    """The paper's values on an image set, by column and model; empty for others' images."""
    if images == SYNTHETIC:
        listed = training_table(study).frame.set_index("model")
        return {column: listed[f"paper_{column}"].to_dict() for column in AP_OF_KIND}
    number = study.paper_table(images)
    return {} if number is None else study.paper(number).to_dict()


def measured(
    study: Study,
    models: Sequence[str],
    images: str,
    columns: Sequence[str],
    with_interval: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row a model: the columns, and `{column}_low` and `{column}_high` of some (of all)."""
    table = {c: [study.value(model, images, metric_of(c)) for model in models] for c in columns}
    for column in columns if with_interval is None else with_interval:
        ends = [study.interval(model, images, metric_of(column)) for model in models]
        table[f"{column}_low"] = [low for low, _ in ends]
        table[f"{column}_high"] = [high for _, high in ends]
    return pd.DataFrame(table)


def _further_metrics(evaluation: Mapping) -> dict[str, float]:
    """Metrics beyond the paper's: of instances with score ≥ the accuracy's, and of outlines."""
    first = next(iter(evaluation.get("thresholds", [])), {})
    found = {f"{key}_iou50": first.get(key) for key in ("precision", "recall", "f1")}
    found.update({key: evaluation.get("panoptic", {}).get(key) for key in ("pq", "sq", "rq")})
    found["boundary_f1"] = evaluation.get("boundary", {}).get("f1")
    found["relative_count_error"] = evaluation.get("count", {}).get("relative_error")
    return {key: math.nan if value is None else float(value) for key, value in found.items()}


def _overlap_metrics(study: Study, model: str, images: str) -> dict[str, float]:
    found = {}
    for number, part in enumerate(study.evaluation(model, images).get("overlap", [])):
        name, metric = f"ap_segm_overlap_{part['low']:g}_{part['high']:g}", f"overlap_{number}"
        found[name] = study.value(model, images, metric)
        found[f"{name}_low"], found[f"{name}_high"] = study.interval(model, images, metric)
    return found


def _readings(study: Study) -> list[str]:
    """Suffixes of the other readings of AP, as evaluated: score70, 500, unnested."""
    some = next((one for sets in study.evaluations.values() for one in sets.values()), {})
    return [key.removeprefix("segm_") for key in some if key.startswith("segm_")]


def _reading_heading(reading: str) -> str:
    if reading.startswith("score"):
        return f"score ≥ {int(reading.removeprefix('score')) / 100:g}"
    return f"{reading} det." if reading.isdigit() else reading


def _of_reading(evaluation: Mapping, column: str, reading: str) -> float:
    metric, kind = column.split("_")
    value = evaluation.get(f"{kind}_{reading}", {}).get(metric)
    return math.nan if value is None else float(value)


def _pair(group: pd.DataFrame, metric: str, suffix: str) -> list[str]:
    cells = [with_best_bold(group[f"{metric}_{kind}{suffix}"]) for kind in KINDS]
    return [f"{box}/{mask}" for box, mask in zip(*cells, strict=True)]


def _models_and_base(study: Study) -> pd.DataFrame:
    """Rows of models.tsv, and before them the networks that it does not list."""
    listed = study.models[["model", *HYPERPARAMETERS]]
    if not study.base_models:
        return listed.reset_index(drop=True)
    return pd.concat([pd.DataFrame({"model": study.base_models}), listed], ignore_index=True)
