"""Rows of the model table that go beyond the paper."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from tiny_data import make_data

from synthwire.config import checks, models_table
from synthwire.datasets import annotated_images
from synthwire.errors import InputError
from synthwire.evaluation.suppression import choose_suppression
from synthwire.learning import copy_paste, network, plan, train
from synthwire.learning.data import RandomScale, TrainingImages, training_records
from synthwire.learning.predict import load

BEYOND = "config/models_beyond.tsv"
COLUMNS = ["model", "epochs", "dataset_size", "learning_rate", "roi_head", "iou_thr", "nms"]


@pytest.fixture(scope="module")
def config(root):
    return checks.resolve(yaml.safe_load((root / "config" / "test.yaml").read_text()))


@pytest.fixture
def table(tmp_path):
    """Writes a model table whose rows are like row 08, with further columns."""

    def write(*rows: dict) -> str:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        lines = ["\t".join([*COLUMNS, *columns])]
        for number, row in enumerate(rows, start=8):
            lines.append(
                "\t".join([f"{number:02d}", "500", "1000", "0.02", "256", "0.6", "0.7"])
                + "".join(f"\t{row.get(name, '')}" for name in columns)
            )
        path = tmp_path / "models.tsv"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write


def check(config, path):
    models = models_table.read_models(path)
    checks.check_changes(config, models)
    return models


# -- the table ------------------------------------------------------------------------------------


def test_the_rows_beyond_the_paper_are_valid_and_change_one_thing_each(root, config):
    paths = [root / "config" / "models.tsv", root / BEYOND]
    models = check(config, paths)
    alone = models_table.read_models(paths[0])
    for name, row in alone.iterrows():
        assert models.loc[name, COLUMNS].tolist() == row[COLUMNS].tolist()
        assert row["changes"] == {}
        assert row["weights_of"] == name
    eighth = models.loc["08", COLUMNS[1:]].tolist()
    beyond = models.drop(alone.index)
    assert len(beyond) >= 7
    for _, row in beyond.iterrows():
        assert row[COLUMNS[1:]].tolist() == eighth
        assert len(row["changes"]) == 1
    assert [name for name, row in beyond.iterrows() if row["weights_of"] != name] == [
        "26",
        "27",
        "30",
    ]


def test_the_overlay_selects_rows_that_exist(root):
    settings = {}
    for name in ("demo.yaml", "beyond.yaml", "beyond_domains.yaml"):
        overlay = yaml.safe_load((root / "config" / name).read_text())
        settings = models_table.with_changes(settings, overlay)
        if name != "demo.yaml":
            resolved = checks.resolve(settings)
            tables = [root / path for path in resolved["models"]["table"]]
            models = models_table.read_models(tables, resolved["models"]["select"])
            if resolved["imaging"]["domains"]:
                assert list(models.index) == ["08"]
            checks.check_changes(resolved, models)


def test_changes_go_as_deep_as_the_fields_do(config, table):
    path = table(
        {"architecture.anchor_aspect_ratios": "[0.125, 1, 8]"},
        {"training.augmentation.scale": "[0.5, 2]"},
    )
    models = check(config, path)
    first, second = models["changes"]
    assert first == {"architecture": {"anchor_aspect_ratios": [0.125, 1, 8]}}
    told = models_table.describe_changes(second)
    assert told == "training.augmentation.scale [0.5, 2]"
    assert models_table.describe_changes({}) == ""
    merged = models_table.with_changes(config["training"], second["training"])
    assert merged["augmentation"] == {**config["training"]["augmentation"], "scale": [0.5, 2]}
    assert "scale" not in config["training"]["augmentation"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"architecture.mask_resolutin_px": "56"}], "model 08: .*did you mean 'mask_resolution"),
        ([{"architecture.mask_head": "points"}], "model 08: architecture.mask_head"),
        ([{"structures.scenes": "3"}], "a row may change architecture, training, prediction alone"),
        ([{"architecture.anchor_aspect_ratios": "[1, 2"}], "line 2 .* is no YAML value"),
        ([{"weights_of": "12"}], "model 08: weights_of: '12' is no model"),
        (
            [{}, {"weights_of": "08", "architecture.mask_resolution_px": "56"}],
            "model 09: architecture differs from that of model 08",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(config, table, rows, message):
    with pytest.raises(InputError, match=message):
        check(config, table(*rows))


def test_weights_are_shared_by_rows_of_the_same_hyperparameters_alone(config, table):
    path = table({}, {"weights_of": "08", "prediction.mask_nms": "soft"})
    assert check(config, path)["weights_of"].tolist() == ["08", "08"]
    *lines, last = Path(path).read_text().splitlines()
    Path(path).write_text("\n".join([*lines, last.replace("0.02", "0.01")]) + "\n")
    with pytest.raises(InputError, match=r"model 09: learning_rate is 0.01, but model 08"):
        check(config, path)


def test_densities_add_up_in_optical_density_images_alone(config, table):
    path = table({"training.augmentation.copy_paste_wires": "3"})
    check(config, path)
    varied = {**config, "imaging": {"domains": [{"microscope": "sem"}]}}
    with pytest.raises(InputError, match="not both"):
        check(varied, path)


# -- training and prediction ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(config, tmp_path_factory):
    return make_data(config, tmp_path_factory.mktemp("data"), scenes=3)


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": {"mask_resolution_px": 56}},
        {"architecture": {"mask_head": "point_rend"}},
        {"architecture": {"mask_head": "hourglass"}},
        {"architecture": {"anchor_aspect_ratios": [0.125, 0.25, 0.5, 1, 2, 4, 8]}},
        {"training": {"augmentation": {"scale": [0.7, 1.4], "copy_paste_wires": 3}}},
    ],
    ids=["mask 56", "PointRend", "hourglass", "anchors", "scale and copy-paste"],
)
def test_every_change_trains_and_predicts(config, data, tmp_path, changes):
    architecture = models_table.with_changes(
        config["architecture"], changes.get("architecture", {})
    )
    settings = models_table.with_changes(config["training"], changes.get("training", {}))
    train.train(
        "tiny",
        architecture,
        settings,
        plan.Plan(2, 0.01, 16, 0.6, 0.7, 1, "cosine"),
        dataset=data / "train.json",
        shards=[data / "images"],
        weights=None,
        seed=1,
        checkpoints=tmp_path / "checkpoints",
        output=tmp_path / "model",
    )
    lines = (tmp_path / "model" / "metrics.json").read_text().splitlines()
    losses = {name for name in json.loads(lines[-1]) if name.startswith("loss")}
    assert ("loss_mask_point" in losses) == (architecture.get("mask_head") == "point_rend")
    prediction = {**config["prediction"], "minimum_score": 0.0, "detections": 4}
    image = np.zeros((50, 70), dtype=np.uint8)
    image[10:16, 5:60] = 200
    for precision in ("float32", "bfloat16"):
        predictor = load(
            tmp_path / "model" / "model_final.pth",
            architecture,
            prediction,
            nms_threshold=0.7,
            precision=precision,
        )
        results = predictor(image, 1)
        assert 0 < len(results) <= 4
        assert all(result["segmentation"]["size"] == [50, 70] for result in results)


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


# -- augmentation ---------------------------------------------------------------------------------


def wires(*boxes, shape=(60, 80), grey=100):
    masks = np.zeros((len(boxes), *shape), dtype=bool)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return (grey * masks.sum(axis=0)).clip(0, 255).astype(np.uint8), masks


def test_only_wires_that_lie_alone_are_cut_out():
    _, masks = wires((5, 5, 9, 30), (20, 5, 24, 30), (18, 15, 40, 19), (50, 60, 54, 79))
    assert copy_paste.isolated(masks).tolist() == [0, 3]


def test_densities_of_pasted_wires_add_up_and_masks_stay_amodal():
    image, masks = wires((0, 0, 60, 80), grey=50)
    donor, donor_masks = wires((20, 20, 24, 50), grey=100)
    seen = 0
    for seed in range(20):
        found, together, numbers = copy_paste.lay_over(
            image, masks, donor, donor_masks, 1, np.random.default_rng(seed)
        )
        assert len(together) == 1 + len(numbers)
        np.testing.assert_array_equal(together[0], masks[0])
        if len(numbers):
            seen += 1
            assert together[1].sum() == donor_masks[0].sum()
            np.testing.assert_array_equal(found, 50 + 100 * together[1])
    assert 0 < seen < 20


def test_the_sum_stays_within_the_range_of_grey_values():
    image, masks = wires((0, 0, 60, 80), grey=200)
    donor, donor_masks = wires((20, 20, 24, 50), grey=200)
    for seed in range(5):
        found, together, numbers = copy_paste.lay_over(
            image, masks, donor, donor_masks, 1, np.random.default_rng(seed)
        )
        if len(numbers):
            assert found[together[1]].min() == 255
            assert found[~together[1]].max() == 128  # all scaled by one factor


def test_pasted_wires_are_trained_on(config, data):
    records = training_records(
        json.loads((data / "train.json").read_text()),
        annotated_images.locate_images(
            json.loads((data / "train.json").read_text()), [data / "images"]
        ),
    )
    settings = models_table.with_changes(
        config["training"],
        {"augmentation": {"copy_paste_wires": 4, "flip_probability": 0, "brightness": [1, 1]}},
    )
    settings["augmentation"]["contrast"] = [1, 1]
    plain = TrainingImages(
        records,
        {**settings, "augmentation": {**settings["augmentation"], "copy_paste_wires": 0}},
        1,
    )
    images = TrainingImages(records, settings, 1)
    more = [len(images[n]["instances"]) - len(plain[n]["instances"]) for n in range(12)]
    assert min(more) >= 0
    again = TrainingImages(records, settings, 1)
    for n in range(4):
        assert (again[n]["image"] == images[n]["image"]).all()
        instances = images[n]["instances"]
        for box, mask in zip(instances.gt_boxes.tensor, instances.gt_masks.tensor, strict=True):
            rows, columns = np.nonzero(mask.numpy())
            expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(box, expected, atol=1e-4)


def test_the_random_enlargement_stays_within_its_limits():
    scale = RandomScale(0.5, 2)
    np.random.seed(1)  # noqa: NPY002
    image = np.zeros((40, 60), dtype=np.uint8)
    shapes = [scale.get_transform(image).apply_image(image).shape for _ in range(50)]
    heights = [height for height, _ in shapes]
    assert 20 <= min(heights) < 28
    assert 57 < max(heights) <= 80
    assert all(abs(width / height - 1.5) < 0.05 for height, width in shapes)
