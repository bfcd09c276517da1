"""The effect of hyperparameters."""

from __future__ import annotations

import pandas as pd
import standin_results as standin
from standin_results import evaluation

from synthwire.figures import hyperparameters
from synthwire.study.study import comparable_groups


def test_only_models_that_differ_in_one_factor_are_joined():
    models = standin.model_table()
    (sizes,) = comparable_groups(models, "dataset_size")
    assert sizes["model"].tolist() == ["01", "02", "03"]
    assert comparable_groups(models, "roi_head") == []
    ap = pd.DataFrame({"model": models["model"], "ap": [40.0, 43, 45, 41, 39, 40]})
    drawing = hyperparameters.draw_hyperparameters(models, {"Synthetic": ap})
    assert drawing.facts["intervals"] is False
    ranges = {row["factor"]: row["mean_range"] for row in drawing.facts["effects"]}
    assert ranges == {"dataset_size": 5.0, "epochs": 1.0, "learning_rate": 1.0, "nms": 0.0}


def test_measures_carry_the_intervals_of_the_evaluation(results):
    stored = {model: evaluation(results, model, "simulated_stxm") for model in ("01", "03")}
    table = hyperparameters.collect_measures(stored).set_index("model")
    for model, result in stored.items():
        assert table.loc[model, "ap"] == result["segm"]["ap"]
        assert (
            table.loc[model, ["low", "high"]].tolist()
            == result["uncertainty"]["intervals"]["segm_ap"]
        )
    del stored["01"]["uncertainty"]
    assert hyperparameters.collect_measures(stored)["low"].isna().tolist() == [True, False]
