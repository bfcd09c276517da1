"""Made evaluations of the paper's models, and their tables."""

from __future__ import annotations

import numpy as np
import pytest
from table_settings import IMAGE_SETS, PUBLISHED, SHOWN

from synthwire.study.study import HYPERPARAMETERS, Study, read_published_table
from synthwire.study.tables import build_tables

METRICS = ("ap", "ap50", "ap75", "aps", "apm", "apl")


def evaluation(mask_ap, rng):
    def metrics(ap):
        values = dict(zip(METRICS, ap + rng.uniform(-5, 5, 6), strict=True))
        return {key: float(value) for key, value in values.items()} | {"ap": ap, "apl": None}

    found = {
        "accuracy": mask_ap + 20,
        **{
            kind + suffix: metrics(mask_ap + shift)
            for kind, shift in (("bbox", 2.0), ("segm", 0.0))
            for suffix in ("", "_score70", "_500", "_unnested")
        },
        "counts": {"images": 1, "ground_truth": 25, "ignored": 7, "predictions": 40},
        "count": {"relative_error": mask_ap - 10},
        "thresholds": [{"iou": 0.5, "precision": 80.0, "recall": 60.0, "f1": 480 / 7}],
        "panoptic": {"pq": 50.0, "sq": 75.0, "rq": 480 / 7},
        "boundary": {"f1": 70.0},
        "overlap": [{"low": 0.0, "high": 0.05, "ap": mask_ap}, {"low": 0.05, "high": 1, "ap": 1.0}],
    }
    noise = rng.normal(0, 1.5, 200)

    def interval(value):
        return [None, None] if value is None else [value - 3, value + 3]

    def draws(value):
        return [None] * 200 if value is None else (value + noise).tolist()

    found["uncertainty"] = {
        "unit": "block",
        "units": 20,
        "replicates": 200,
        "level": 95,
        "intervals": {
            "accuracy": interval(found["accuracy"]),
            "relative_count_error": interval(mask_ap - 10),
            "overlap_0": [mask_ap - 1, mask_ap + 2],
            **{
                f"{kind}_{key}": interval(value)
                for kind in ("bbox", "segm")
                for key, value in found[kind].items()
            },
        },
        "draws": {
            "accuracy": draws(found["accuracy"]),
            "relative_count_error": draws(mask_ap - 10),
            **{
                f"{kind}_{key}": draws(value)
                for kind in ("bbox", "segm")
                for key, value in found[kind].items()
            },
        },
    }
    return found


@pytest.fixture
def models():
    return read_published_table(PUBLISHED / "table1.tsv")[["model", *HYPERPARAMETERS]]


@pytest.fixture
def evaluations(models):
    """Model n has mask AP n on real images and 40 − n on synthetic ones."""
    rng = np.random.default_rng(0)
    found = {}
    for number, model in enumerate(["base", *models["model"], "watershed"]):
        found[model] = {"synthetic": evaluation(40.0 - number, rng)}
        for images in IMAGE_SETS:
            found[model][images] = evaluation(float(number), rng)
    return found


@pytest.fixture
def tables(evaluations, models):
    return build_tables(Study(evaluations, models, PUBLISHED, SHOWN, IMAGE_SETS))
