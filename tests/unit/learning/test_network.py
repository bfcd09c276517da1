from fractions import Fraction

import pandas as pd
import pytest
import yaml

from synthwire.config import checks, models_table
from synthwire.evaluation.suppression import choose_suppression
from synthwire.learning import network
from synthwire.learning.plan import plan_row
from synthwire.schema import FOLDER


@pytest.fixture(scope="module")
def paper(root):
    return checks.resolve(yaml.safe_load((root / "config" / "config.yaml").read_text()))


@pytest.fixture(scope="module")
def published(root):
    return pd.read_csv(root / "resources" / "paper" / "table1.tsv", sep="\t", dtype={"model": str})


@pytest.fixture(scope="module")
def models(root):
    return models_table.read_models(root / "config" / "models.tsv")


def test_the_model_table_is_the_published_one(models, published):
    columns = ["model", "epochs", "dataset_size", "learning_rate", "roi_head", "iou_thr", "nms"]
    pd.testing.assert_frame_equal(
        models[columns].reset_index(drop=True), published[columns], check_dtype=False
    )


def test_the_papers_iterations(models, paper):
    rows = models.to_dict("index")
    total = sum(Fraction(row["epochs"] * row["dataset_size"], 32) for row in rows.values())
    assert total == Fraction("210937.5")
    plans = {name: plan_row(row, paper["training"]) for name, row in rows.items()}
    assert plans["12"].iterations == 23438
    assert plans["01"].iterations == 1954
    assert all(plan.warmup == 1000 for plan in plans.values())


def test_detectron2_gets_the_published_settings_of_every_row(paper, published, tmp_path):
    for row in published.to_dict("records"):
        cfg = network.training_config(
            paper["architecture"],
            paper["training"],
            plan_row(row, paper["training"]),
            weights="weights.pkl",
            device="cpu",
            seed=1,
            output=tmp_path,
        )
        assert -(-row["epochs"] * row["dataset_size"] // 32) == cfg.SOLVER.MAX_ITER
        assert row["learning_rate"] == cfg.SOLVER.BASE_LR
        assert row["roi_head"] == cfg.MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE
        assert [0.3, row["iou_thr"]] == cfg.MODEL.RPN.IOU_THRESHOLDS
        assert row["nms"] == cfg.MODEL.RPN.NMS_THRESH
        assert cfg.SOLVER.IMS_PER_BATCH == 32
        assert cfg.SOLVER.STEPS == ()
        assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 1
        assert cfg.INPUT.MASK_FORMAT == "bitmask"


def test_the_papers_network_is_the_model_zoos(paper):
    from detectron2 import model_zoo
    from detectron2.config import get_cfg

    zoo = get_cfg()
    zoo.merge_from_file(model_zoo.get_config_file(network.MODEL_ZOO_CONFIG))
    zoo.MODEL.ROI_HEADS.NUM_CLASSES = 1
    zoo.INPUT.MASK_FORMAT = "bitmask"
    ours = network.architecture_config(paper["architecture"])
    assert yaml.safe_load(ours.dump()) == yaml.safe_load(zoo.dump())


def test_scaled_rows_stay_within_their_limits():
    training = {
        "iterations_factor": 0.004,
        "minimum_iterations": 30,
        "maximum_iterations": 60,
        "learning_rate_factor": 0.5,
        "roi_factor": 0.25,
        "warmup_iterations": 1000,
        "warmup_fraction": 0.1,
        "schedule": "cosine",
    }
    row = {"learning_rate": 0.02, "roi_head": 256, "iou_thr": 0.6, "nms": 0.7}
    small = plan_row({**row, "epochs": 250, "dataset_size": 250}, training)
    middle = plan_row({**row, "epochs": 500, "dataset_size": 750}, training)
    large = plan_row({**row, "epochs": 750, "dataset_size": 1000}, training)
    assert (small.iterations, middle.iterations, large.iterations) == (30, 47, 60)
    assert small.warmup == 3
    assert middle.learning_rate == 0.01
    assert middle.roi_batch == 64


def test_suppression_by_masks_is_a_choice_of_the_prediction(config):
    cfg = network.prediction_config(
        config["architecture"],
        {**config["prediction"], "box_nms": 0.8},
        nms_threshold=0.7,
        weights="",
        device="cpu",
    )
    assert cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST == 0.8
    cfg = network.prediction_config(
        config["architecture"], config["prediction"], nms_threshold=0.7, weights="", device="cpu"
    )
    assert cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST == 0.5
    assert choose_suppression(config["prediction"]) is None


def test_every_mask_head_of_the_schema_has_its_settings():
    schema = yaml.safe_load((FOLDER / "config.schema.yaml").read_text())
    choices = schema["properties"]["architecture"]["properties"]["mask_head"]["enum"]
    assert sorted(network.MASK_HEADS) == sorted(choices)
