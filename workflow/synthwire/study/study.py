"""One run beside the paper: what was measured, what was published, and how to look it up.

Metrics go by the names of `uncertainty.value_of` ("segm_ap", "accuracy"); tables show them in
columns named as the published ones ("ap_segm").
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from synthwire.errors import InputError
from synthwire.evaluation.average_precision import METRICS
from synthwire.evaluation.case import KINDS
from synthwire.evaluation.uncertainty import interval_of, value_of
from synthwire.watershed import WATERSHED

AP_COLUMNS = [f"{metric}_{kind}" for kind in KINDS for metric in METRICS]
MEASURES = ["accuracy", *AP_COLUMNS]  # columns of Tables 2–4
AP_OF_KIND = [f"ap_{kind}" for kind in KINDS]
HYPERPARAMETERS = ["epochs", "dataset_size", "learning_rate", "roi_head", "iou_thr", "nms"]
SYNTHETIC = "synthetic"
PAPER_TABLES = {1: SYNTHETIC, 2: "ptychography", 3: "stxm", 4: "sem"}  # number → its images


def metric_of(column: str) -> str:
    """Name of a metric from that of its column: "segm_ap" from "ap_segm"."""
    return "_".join(reversed(column.split("_")))


def read_published_table(path: str | os.PathLike) -> pd.DataFrame:
    """models.tsv or a published table, the model's number as text ("01")."""
    try:
        frame = pd.read_csv(path, sep="\t", dtype={"model": str}, comment="#")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    if "model" not in frame:
        raise InputError(f"{path}: column 'model' is missing")
    return frame


def comparable_groups(models: pd.DataFrame, parameter: str) -> list[pd.DataFrame]:
    """Groups of models that differ in one hyperparameter alone, in its order; the largest first.

    Of several models of a group with one value the first counts: models beyond the paper share
    hyperparameters with those of the paper.
    """
    others = [column for column in HYPERPARAMETERS if column != parameter]
    groups = [
        group.sort_values(parameter, kind="stable").drop_duplicates(parameter)
        for _, group in models.groupby(others)
    ]
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)


@dataclass(frozen=True)
class Study:
    """All that tables and claims may look at.

    evaluations: [model][images] → result of `evaluate_predictions`; also of models that models.tsv
        does not list (the shared base, the watershed).
    models: models.tsv.
    published: folder of the paper's numbers, resources/paper.
    shown: 2, 3, 4 → image set of that table; None or missing where there is none.
    image_sets: the config's `image_sets`, of which `label`, `source` and `published` count.
    start, looks: sentences for captions, where trainings start and how images are looked at, as far
        as it is not the paper's way.
    """

    evaluations: Mapping[str, Mapping[str, Mapping]]
    models: pd.DataFrame
    published: Path
    shown: Mapping[int, str | None]
    image_sets: Mapping[str, Mapping]
    start: str = ""
    looks: str = ""

    def __post_init__(self) -> None:
        for column in ("model", *HYPERPARAMETERS):
            if column not in self.models:
                raise InputError(f"models table: column '{column}' is missing")

    @property
    def base_models(self) -> list[str]:
        """Evaluated networks that models.tsv does not list: where the others' training starts."""
        known = {*self.models["model"], WATERSHED}
        return [model for model in self.evaluations if model not in known]

    @property
    def repetitions(self) -> dict[str, list[str]]:
        """The models of Table 1, and with each those that repeat its training with another seed.

        A row repeats an earlier one where it has its hyperparameters and changes nothing else.
        """
        same = [column for column in (*HYPERPARAMETERS, "changes") if column in self.models.columns]
        groups = self.models.groupby(same, sort=False)["model"]
        return {names.iloc[0]: names.tolist() for _, names in groups}

    @property
    def baselines(self) -> list[str]:
        """Evaluated methods that are no networks."""
        return [WATERSHED] if WATERSHED in self.evaluations else []

    def listed(self, images: str | None) -> list[str]:
        """Models of Table 1 that were evaluated on an image set."""
        return [model for model in self.repetitions if self.evaluation(model, images)]

    def evaluation(self, model: str, images: str | None) -> Mapping:
        """A model's evaluation on an image set; empty where there is none."""
        return self.evaluations.get(model, {}).get(images, {}) if images else {}

    def any_evaluation(self, images: str) -> Mapping:
        """Some evaluation on an image set, for what all of them share; empty without any."""
        return next((sets[images] for sets in self.evaluations.values() if images in sets), {})

    def value(self, model: str, images: str | None, metric: str) -> float:
        """A metric; NaN where it was not measured."""
        found = self.evaluation(model, images)
        return value_of(found, metric) if found else math.nan

    def interval(self, model: str, images: str | None, metric: str) -> tuple[float, float]:
        """Its bootstrap interval; NaN where there is none."""
        return interval_of(self.evaluation(model, images), metric)

    def measures(
        self,
        models: Sequence[str],
        images: str,
        columns: Sequence[str],
        with_interval: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """One row a model: the columns, and `{column}_low` and `{column}_high` of some (of all)."""
        table = {c: [self.value(model, images, metric_of(c)) for model in models] for c in columns}
        for column in columns if with_interval is None else with_interval:
            ends = [self.interval(model, images, metric_of(column)) for model in models]
            table[f"{column}_low"] = [low for low, _ in ends]
            table[f"{column}_high"] = [high for _, high in ends]
        return pd.DataFrame(table)

    def ranking(self, images: str | None) -> list[str]:
        """Models of Table 1 by mask AP on an image set, best first; without those of no AP."""
        values = {model: self.value(model, images, "segm_ap") for model in self.listed(images)}
        known = [model for model, value in values.items() if not math.isnan(value)]
        return sorted(known, key=lambda model: -values[model])

    def label(self, images: str) -> str:
        """What people call an image set."""
        if images == SYNTHETIC:
            return "Synthetic"
        return self.image_sets[images]["label"]

    def paper_table(self, images: str) -> int | None:
        """Number of the paper's table that shows these very images; None for other images."""
        if images == SYNTHETIC:
            key = SYNTHETIC
        elif self.image_sets[images]["source"] == "published":
            key = self.image_sets[images]["published"]
        else:
            return None
        return next((number for number, name in PAPER_TABLES.items() if name == key), None)

    def paper(self, number: int) -> pd.DataFrame:
        """The paper's table of that number, by model."""
        return read_published_table(self.published / f"table{number}.tsv").set_index("model")
