"""The stored evaluations that figures are drawn from, and which model a figure shows."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping

import numpy as np

from synthwire.errors import InputError
from synthwire.evaluation.uncertainty import value_of
from synthwire.io.files import read_json


def best_model(evaluations: Mapping[str, Mapping]) -> str:
    """The model whose evaluation on one image set has the greatest mask AP.

    evaluations: model → its evaluation (evaluation/{model}/{images}.json). Models without a value
        (null) do not count; of equals the first in the mapping's order wins. InputError when none
        has one.
    """
    scores = {model: value_of(evaluation, "segm_ap") for model, evaluation in evaluations.items()}
    scores = {model: score for model, score in scores.items() if not math.isnan(score)}
    if not scores:
        raise InputError(
            "no model has a value of segm.ap: the best cannot be chosen; "
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
