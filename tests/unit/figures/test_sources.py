"""Which model a figure shows."""

from __future__ import annotations

import pytest

from synthwire.errors import InputError
from synthwire.figures.kit import sources


def test_best_model_leaves_out_what_has_no_value():
    evaluations = {
        "01": {"segm": {"ap": None}},
        "02": {"segm": {"ap": 31.0}},
        "03": {"segm": {"ap": 31.0}},
    }
    assert sources.best_model(evaluations) == "02"
    with pytest.raises(InputError, match=r"segm\.ap"):
        sources.best_model({"01": {"segm": {"ap": None}}})
