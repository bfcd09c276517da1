"""Training for a few iterations on real, tiny data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import yaml
from synthwire import configuration, dataset, detectron, imaging, structures, training
from synthwire.annotations import read_coco
from synthwire.errors import InputError
from synthwire.files import write_json
from synthwire.inference import load, predict, read_scenes, scale_of


@pytest.fixture(scope="module")
def config(root, schemas):
    return configuration.resolve(
        yaml.safe_load((root / "config" / "test.yaml").read_text()), schemas
    )


@pytest.fixture(scope="module")
def data(config, tmp_path_factory):
    """One shard of images and its training set, made by the workflow's own functions."""
    folder = tmp_path_factory.mktemp("data")
    structures.generate_shard(config["structures"], 1, range(4), folder / "structures")
    imaging.image_shard(
        folder / "structures", folder / "images", config["optical_density"], ["nanowire"]
    )
    dataset.split_dataset(
        [folder / "images"],
        {3: folder / "train.json"},
        folder / "val.json",
        training=3,
        validation=1,
        size_factor=1,
        seed=1,
    )
    return folder


def run(config, data, output, *, iterations=3, learning_rate=0.01, weights=None, **changes):
    training.train(
        "tiny",
        config["architecture"],
        {**config["training"], **changes},
        detectron.Plan(iterations, learning_rate, 16, 0.6, 0.7, 1, "cosine"),
        dataset=data / "train.json",
        shards=[data / "images"],
        weights=weights,
        seed=1,
        checkpoints=output / "checkpoints",
        output=output / "model",
    )
    lines = (output / "model" / "metrics.json").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_same_seed_trains_the_same_model_and_it_predicts(config, data, tmp_path):
    first = run(config, data, tmp_path / "a")
    second = run(config, data, tmp_path / "b")
    assert first[-1]["iteration"] == 2
    assert first[-1]["total_loss"] == pytest.approx(second[-1]["total_loss"], rel=1e-3)
    provenance = json.loads((tmp_path / "a/model/provenance.json").read_text())
    assert provenance["dataset_images"] == 3
    assert provenance["initial_weights"] == "scratch"
    predictor = load(
        tmp_path / "a/model/model_final.pth",
        config["architecture"],
        {**config["prediction"], "minimum_score": 0.0, "detections": 7},
        nms_threshold=0.7,
    )
    truth = read_coco(data / "val.json")
    located = dataset.locate_images(truth, [data / "images"])
    results = predict(predictor, read_scenes(truth, located))
    assert 0 < len(results) <= 7
    assert {result["image_id"] for result in results} == {truth["images"][0]["id"]}
    enlarged = predict(predictor, read_scenes(truth, located), scale=1.5)
    assert enlarged != results
    for result in results + enlarged:
        assert result["segmentation"]["size"] == [64, 64]
        assert 0 <= result["score"] <= 1
        x, y, width, height = result["bbox"]
        assert min(x, y) >= 0
        assert max(x + width, y + height) <= 64


def test_images_are_scaled_to_the_pixel_size_of_the_training_images():
    assert scale_of({"pixel_size_nm": 6}, 12) == 0.5
    assert scale_of({"pixel_size_nm": [4, 9]}, 12) == pytest.approx(0.5)
    assert scale_of({"pixel_size_nm": None}, 12) == 1
    assert scale_of({}, 12) == 1


def test_fine_tuning_starts_from_the_given_weights(config, data, tmp_path):
    run(config, data, tmp_path / "base")
    weights = tmp_path / "base/model/model_final.pth"
    # a vanishing learning rate leaves the weights where they started
    run(config, data, tmp_path / "row", weights=weights, iterations=1, learning_rate=1e-12)
    before = torch.load(weights, weights_only=False)["model"]
    after = torch.load(tmp_path / "row/model/model_final.pth", weights_only=False)["model"]
    for name in ("backbone.fpn_output2.weight", "roi_heads.mask_head.predictor.weight"):
        np.testing.assert_allclose(before[name], after[name], atol=1e-6)


SCRIPT = """
import json, sys
from pathlib import Path
from synthwire import detectron, training
job = json.loads(Path(sys.argv[1]).read_text())
training.train(
    "tiny", job["architecture"], job["training"], detectron.Plan(*job["plan"]),
    dataset=Path(job["data"]) / "train.json", shards=[Path(job["data"]) / "images"],
    weights=None, seed=1, checkpoints=Path(job["output"]) / "checkpoints",
    output=Path(job["output"]) / "model",
)
"""


def test_a_killed_training_goes_on_from_its_last_checkpoint(config, data, tmp_path):
    changes = {"checkpoint_period": 2}
    write_json(
        tmp_path / "job.json",
        {
            "architecture": config["architecture"],
            "training": {**config["training"], **changes},
            "plan": [400, 0.01, 16, 0.6, 0.7, 1, "cosine"],
            "data": data,
            "output": tmp_path,
        },
    )
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "job.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pointer = tmp_path / "checkpoints" / "last_checkpoint"
    deadline = time.monotonic() + 240
    while not pointer.exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    reached = int(pointer.read_text().removesuffix(".pth").rpartition("_")[2])
    assert not (tmp_path / "model").exists()

    with pytest.raises(InputError, match=r"belongs to another training \(plan differ"):
        run(config, data, tmp_path, iterations=reached + 3, **changes)
    stamp = tmp_path / "checkpoints" / "identity.json"
    own = json.loads(stamp.read_text())
    own["plan"]["iterations"] = reached + 4
    write_json(stamp, own)
    curve = run(config, data, tmp_path, iterations=reached + 4, **changes)
    iterations = [point["iteration"] for point in curve]
    assert iterations == sorted(set(iterations))
    assert iterations[-1] == reached + 3
    assert not (tmp_path / "checkpoints").exists()
    provenance = json.loads((tmp_path / "model/provenance.json").read_text())
    assert provenance["resumed_at_iteration"] == reached + 1


def test_a_diverging_training_says_so(config, data, tmp_path):
    with pytest.raises(
        InputError, match=r"model tiny: the training diverged .* learning rate 1e\+12"
    ):
        run(config, data, tmp_path, iterations=30, learning_rate=1e12)
    assert not (tmp_path / "model").exists()


def test_augmentation_keeps_masks_with_their_image(config):
    """A flip moves image and mask together; brightness and contrast stay within their limits."""
    settings = {**config["training"], "augmentation": config["training"]["augmentation"]}
    from detectron2.data import transforms

    chain = transforms.AugmentationList(training.augmentations(settings))
    assert len(chain.augs) == 4
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    image[2:5, 1:9] = 200
    seen = set()
    for seed in range(40):
        np.random.seed(seed)  # noqa: NPY002  Detectron2 draws from numpy's global state
        entry = transforms.AugInput(image.copy())
        transform = chain(entry)
        mask = transform.apply_segmentation((image[:, :, 0] > 0).astype(np.uint8))
        bright = entry.image[:, :, 0] > entry.image[:, :, 0].mean()
        np.testing.assert_array_equal(bright, mask.astype(bool))
        seen.add(mask.tobytes())
    assert len(seen) == 4  # all four combinations of flips came up
