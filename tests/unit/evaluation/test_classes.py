"""Several classes: AP of each, and which is taken for which."""

from __future__ import annotations

import numpy as np

from synthwire.evaluation.classes import NOTHING, class_scores, confusion
from synthwire.io.coco import make_annotation
from synthwire.io.masks import encode_mask
from synthwire.schema import section_defaults


def rle(x: int) -> dict:
    mask = np.zeros((20, 60), dtype=bool)
    mask[5:15, x : x + 8] = True
    return encode_mask(mask)


def test_each_class_is_scored_by_itself_and_mistakes_are_counted():
    places = {1: (2, 12, 22), 2: (32, 42)}
    truth = {
        "images": [{"id": 1, "height": 20, "width": 60}],
        "categories": [{"id": 1, "name": "wire"}, {"id": 2, "name": "sphere"}],
        "annotations": [
            make_annotation(x + 1, 1, rle(x), category_id=kind)
            for kind, xs in places.items()
            for x in xs
        ],
    }
    # two wires and a sphere right, a wire taken for a sphere, a sphere missed, one invented
    found = [(1, 2, 0.9), (1, 12, 0.9), (2, 22, 0.9), (2, 32, 0.95), (1, 51, 0.8), (2, 42, 0.3)]
    results = [
        {"image_id": 1, "category_id": kind, "score": score, "segmentation": rle(x)}
        for kind, x, score in found
    ]
    settings = section_defaults("evaluation")
    table = confusion(truth, results, settings)
    assert table.loc["wire"].to_dict() == {"wire": 2, "sphere": 1, NOTHING: 0}
    assert table.loc["sphere"].to_dict() == {"wire": 0, "sphere": 1, NOTHING: 1}
    assert table.loc[NOTHING].to_dict() == {"wire": 1, "sphere": 0, NOTHING: 0}
    scores = class_scores(truth, results, settings).set_index("class")
    assert scores["particles"].to_dict() == {"wire": 3, "sphere": 2}
    # two of three wires at full precision: 67 of COCO's 101 recalls
    assert scores.loc["wire", "ap_segm"] == 100 * 67 / 101
    assert scores.loc["sphere", "ap50_segm"] > scores.loc["wire", "ap50_segm"]
