"""The stored evaluations that figures are drawn from, and which model a figure shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from synthwire.errors import InputError
from synthwire.io.files import read_json


def read_predictions(path: str | os.PathLike, min_score: float) -> dict[int, list[dict]]:
    """Predictions of each image id with at least `min_score`, best first."""
    results = read_json(path)
    if not isinstance(results, list):
        raise InputError(f"{path}: COCO results are a list, this is {type(results).__name__}")
    groups: dict[int, list[dict]] = {}
    for item in sorted(results, key=lambda item: -item["score"]):
        if item["score"] >= min_score:
            groups.setdefault(item["image_id"], []).append(item)
    return groups


def best_model(evaluations: Mapping[str, Mapping], measure: Sequence[str] = ("segm", "ap")) -> str:
    """The model whose evaluation on one image set has the greatest measure (mask AP by default).

    evaluations: model → its evaluation (evaluation/{model}/{images}.json). Models without a value
        (NaN, null) do not count; of equals the first in the mapping's order wins.
    """
    scores = {}
    for model, evaluation in evaluations.items():
        value = evaluation
        for key in measure:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None and np.isfinite(value):
            scores[model] = float(value)
    if not scores:
        raise InputError(
            f"no model has a value of {'.'.join(measure)}: the best cannot be chosen; "
            "does the image set have outlines?"
        )
    return max(scores, key=scores.__getitem__)


def group_evaluations(paths: Iterable[str | os.PathLike]) -> dict[str, dict[str, dict]]:
    """Stored evaluations by image set and model: {images: {model: evaluation}}."""
    groups: dict[str, dict[str, dict]] = {}
    for result in map(read_json, paths):
        groups.setdefault(result["images"], {})[result["model"]] = result
    return groups


def best_of_each_set(
    paths: Iterable[str | os.PathLike], labels: Mapping[str, str]
) -> tuple[dict[str, dict], dict[str, str]]:
    """The best model's evaluation, and its name, of each image set: {label: …}, {label: model}.

    labels: image set → its name for people; they give the order.
    """
    groups = group_evaluations(paths)
    models = {label: best_model(groups[images]) for images, label in labels.items()}
    return {label: groups[images][models[label]] for images, label in labels.items()}, models


def as_numbers(values: Iterable) -> np.ndarray:
    """Float array in which None (JSON's null) is NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)
