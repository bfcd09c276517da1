"""Precision against recall."""

from __future__ import annotations

import numpy as np
import pytest
from standin_results import evaluation

from synthwire.figures.precision_recall import draw_precision_recall, interpolated_precision


def test_area_under_the_envelope_is_the_evaluated_ap50(results):
    for key in ("synthetic", "stxm", "simulated_stxm"):
        stored = evaluation(results, "02", key)
        curve = stored["precision_recall"]
        recall, envelope = (np.array(curve[name]) for name in ("recall", "envelope"))
        value = 100 * interpolated_precision(recall, envelope).mean()
        assert value == pytest.approx(stored["segm"]["ap50"], abs=1e-3)


def test_precision_recall_without_any_detection():
    empty = {"recall": [], "precision": [], "envelope": []}
    drawing = draw_precision_recall({"A": empty, "B": empty}, "01")
    assert drawing.facts["ap50"] == {"A": None, "B": None}
