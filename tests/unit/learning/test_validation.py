"""Measuring a network while it is trained."""

from __future__ import annotations

import pytest

from synthwire.io.coco import read_coco
from synthwire.learning.validation import average_precision


def test_ap_is_100_for_the_truth_and_0_for_nothing(data):
    truth = read_coco(data / "val.json")
    perfect = [
        {
            **{key: item[key] for key in ("image_id", "category_id", "bbox", "segmentation")},
            "score": 1,
        }
        for item in truth["annotations"]
    ]
    for kind in ("bbox", "segm"):
        assert average_precision(truth, perfect, kind) == pytest.approx(100)
        assert average_precision(truth, [], kind) == 0
