"""Training for a few iterations on real, tiny data."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from synthwire.config.models_table import with_changes
from synthwire.datasets.annotated_images import read_synthetic
from synthwire.errors import InputError
from synthwire.io.coco import read_coco
from synthwire.io.files import write_json
from synthwire.learning import plan, train
from synthwire.learning.predict import load, predict
from synthwire.learning.validation import ValidationAP

PLAN = plan.Plan(3, 0.01, 16, 0.6, 0.7, 1, "cosine")


def run(
    config,
    data,
    output,
    *,
    iterations=3,
    learning_rate=0.01,
    weights=None,
    validation=None,
    **changes,
):
    train.train(
        "tiny",
        config["architecture"],
        {**config["training"], **changes},
        PLAN._replace(iterations=iterations, learning_rate=learning_rate),
        dataset=data / "train.json",
        shards=[data / "images"],
        weights=weights,
        seed=1,
        checkpoints=output / "checkpoints",
        output=output / "model",
        validation=validation,
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
    images = read_synthetic(truth, [data / "images"])
    pixels = [(image.image_id, image.pixels) for image in images]
    results = predict(predictor, pixels)
    assert 0 < len(results) <= 7
    assert {result["image_id"] for result in results} == {truth["images"][0]["id"]}
    enlarged = predict(predictor, pixels, scale=1.5)
    assert enlarged != results
    for result in results + enlarged:
        assert result["segmentation"]["size"] == [64, 64]
        assert 0 <= result["score"] <= 1
        x, y, width, height = result["bbox"]
        assert min(x, y) >= 0
        assert max(x + width, y + height) <= 64


def test_fine_tuning_starts_from_the_given_weights(config, data, tmp_path):
    """In half precision, as the bundled model's are."""
    run(config, data, tmp_path / "base")
    before = torch.load(tmp_path / "base/model/model_final.pth", weights_only=True)["model"]
    weights = tmp_path / "half.pth"
    torch.save({"model": {name: value.half() for name, value in before.items()}}, weights)
    # a vanishing learning rate leaves the weights where they started
    run(config, data, tmp_path / "row", weights=weights, iterations=1, learning_rate=1e-12)
    after = torch.load(tmp_path / "row/model/model_final.pth", weights_only=True)["model"]
    for name in ("backbone.fpn_output2.weight", "roi_heads.mask_head.predictor.weight"):
        assert after[name].dtype == torch.float32
        np.testing.assert_allclose(before[name], after[name], atol=1e-3)


# What a scheduler starts and stops: one training in a process of its own.
SCRIPT = """
import json, sys
from pathlib import Path
import torch
from synthwire.learning.plan import Plan
from synthwire.learning.train import train
assert __name__ == "__main__", "the processes of a training do not run the script that starts it"
torch.set_num_threads(1)
job = json.loads(Path(sys.argv[1]).read_text())
train(
    "tiny", job["architecture"], job["training"], Plan(*job["plan"]),
    dataset=Path(job["data"]) / "train.json", shards=[Path(job["data"]) / "images"],
    weights=None, seed=1, checkpoints=Path(job["output"]) / "checkpoints",
    output=Path(job["output"]) / "model",
)
"""


class Job:
    """A training as its own process."""

    def __init__(self, config, data, output, iterations, **changes):
        self.checkpoints = output / "checkpoints"
        self.model = output / "model"
        output.mkdir()
        write_json(
            output / "job.json",
            {
                "architecture": config["architecture"],
                "training": {**config["training"], **changes},
                "plan": [iterations, 0.01, 16, 0.6, 0.7, 1, "cosine"],
                "data": data,
                "output": output,
            },
        )
        (output / "script.py").write_text(SCRIPT)
        self._command = [sys.executable, str(output / "script.py"), str(output / "job.json")]

    def start(self):
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        return self

    def wait_for(self, condition):
        deadline = time.monotonic() + 400
        while not condition():
            assert self._process.poll() is None, self._process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def signal(self, number):
        os.kill(self._process.pid, number)

    def end(self) -> tuple[int, str]:
        errors = self._process.communicate(timeout=400)[1]
        return self._process.returncode, errors

    def reached(self) -> int:
        """Last iteration in a checkpoint; -1 before the first."""
        names = [path.stem for path in self.checkpoints.glob("model_0*.pth")]
        return max((int(name.rpartition("_")[2]) for name in names), default=-1)


def outcome(folder):
    """What a training leaves: its weights and its curve."""
    weights = torch.load(folder / "model_final.pth", weights_only=True)["model"]
    return weights, (folder / "metrics.json").read_text()


def assert_same_outcome(first, second):
    """Bit by bit."""
    (one, one_curve), (two, two_curve) = outcome(first), outcome(second)
    assert one_curve == two_curve
    assert set(one) == set(two)
    for name, value in one.items():
        assert torch.equal(value, two[name]), name


@pytest.fixture(scope="module")
def undisturbed(config, data, tmp_path_factory):
    """A training of 14 iterations that nothing interrupts."""
    job = Job(config, data, tmp_path_factory.mktemp("whole") / "job", 14)
    status, errors = job.start().end()
    assert status == 0, errors
    return job.model


def test_a_training_killed_at_several_moments_ends_as_if_it_was_not(
    config, data, undisturbed, tmp_path
):
    job = Job(config, data, tmp_path / "job", 14, checkpoint_period=2)
    moments = (
        lambda: (job.checkpoints / "identity.json").exists(),  # before the first iteration
        lambda: job.reached() >= 1,
        lambda: job.reached() >= 7,
    )
    for moment in moments:
        job.start()
        job.wait_for(moment)
        job.signal(signal.SIGKILL)
        assert job.end()[0] == -signal.SIGKILL
        assert not job.model.exists()
    reached = job.reached()
    assert 7 <= reached < 13
    status, errors = job.start().end()
    assert status == 0, errors
    assert not job.checkpoints.exists()
    provenance = json.loads((job.model / "provenance.json").read_text())
    assert provenance["resumed_at_iteration"] == reached + 1
    assert_same_outcome(job.model, undisturbed)


def test_a_training_stopped_at_its_last_moment_only_publishes(config, data, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "_publish", stop)
        run(config, data, tmp_path, iterations=3)
    curve = run(config, data, tmp_path, iterations=3)
    assert [point["iteration"] for point in curve] == [0, 1, 2]
    provenance = json.loads((tmp_path / "model/provenance.json").read_text())
    assert provenance["resumed_at_iteration"] == 3


def test_signals_write_a_checkpoint_and_sigterm_ends_the_training(
    config, data, undisturbed, tmp_path
):
    job = Job(config, data, tmp_path / "job", 14, checkpoint_period=1000)
    curve = job.checkpoints / "metrics.json"
    job.start()
    job.wait_for(curve.exists)
    job.signal(signal.SIGUSR1)
    job.wait_for(lambda: job.reached() >= 0)
    first = job.reached()
    job.signal(signal.SIGTERM)
    assert job.end()[0] == 128 + signal.SIGTERM
    assert first < job.reached() < 13
    assert not job.model.exists()
    status, errors = job.start().end()
    assert status == 0, errors
    assert_same_outcome(job.model, undisturbed)


def test_two_processes_train_as_one_that_adds_up_two_parts(config, data, tmp_path):
    """Same images, same draws: only the order of sums differs, and the normalisation's averages."""
    together = Job(config, data, tmp_path / "two", 4, cpu_processes=2)
    parts = Job(config, data, tmp_path / "one", 4, images_per_process=1)
    for job in (together, parts):
        status, errors = job.start().end()
        assert status == 0, errors
    provenance = [
        json.loads((job.model / "provenance.json").read_text()) for job in (together, parts)
    ]
    assert [(p["processes"], p["gradient_parts"]) for p in provenance] == [(2, 1), (1, 2)]
    curves = [
        [json.loads(line) for line in (job.model / "metrics.json").read_text().splitlines()]
        for job in (together, parts)
    ]
    assert [point["iteration"] for point in curves[0]] == [0, 1, 2, 3]
    for one, other in zip(*curves, strict=True):
        for name in ("total_loss", "loss_rpn_cls", "loss_cls", "loss_box_reg", "loss_mask"):
            assert one[name] == pytest.approx(other[name], rel=1e-3), name


def test_the_images_of_a_step_stay_whatever_computes_them():
    for images, processes, at_once in itertools.product((1, 2, 12, 32), (1, 2, 3, 4, 8), (1, 3, 8)):
        count, parts = train.share_out(images, processes, at_once)
        assert count <= processes
        assert images % (count * parts) == 0
        assert images // (count * parts) <= at_once
    assert train.share_out(32, 4, 8) == (4, 1)  # the paper's
    assert train.share_out(32, 1, 8) == (1, 4)


def test_a_diverging_training_says_so(config, data, tmp_path):
    with pytest.raises(
        InputError, match=r"model tiny: the training diverged .* learning rate 1e\+12"
    ):
        run(config, data, tmp_path, iterations=30, learning_rate=1e12)
    assert not (tmp_path / "model").exists()


def test_two_diverging_processes_say_so_in_one_line(config, data, tmp_path):
    with pytest.raises(InputError, match=r"model tiny: the training diverged") as error:
        run(config, data, tmp_path, iterations=30, learning_rate=1e12, cpu_processes=2)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "model").exists()


def test_validation_stands_in_the_curves_and_leaves_the_training_as_it_is(config, data, tmp_path):
    measure = ValidationAP.from_config(
        data / "val.json", [data / "images"], config["training"], config["architecture"],
        config["prediction"], nms_threshold=0.7, folder=tmp_path,
    )  # fmt: skip
    plain = run(config, data, tmp_path / "plain", iterations=5)
    measured = run(
        config, data, tmp_path / "measured", iterations=5, validation=measure, validation_period=2
    )
    found = {p["iteration"]: p["validation/ap_segm"] for p in measured if "validation/ap_segm" in p}
    assert set(found) == {1, 3, 4}
    assert all(0 <= value <= 100 for value in found.values())
    assert [p["total_loss"] for p in plain] == [p["total_loss"] for p in measured]
    events = EventAccumulator(str(tmp_path / "measured/model/tensorboard")).Reload()
    for name in ("total_loss", "lr", "validation/ap_segm"):
        points = {p["iteration"]: p[name] for p in measured if name in p}
        drawn = {event.step: event.value for event in events.Scalars(name)}
        assert drawn == pytest.approx(points)


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
    architecture = with_changes(config["architecture"], changes.get("architecture", {}))
    settings = with_changes(config["training"], changes.get("training", {}))
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
    assert ("loss_mask_point" in losses) == (architecture["mask_head"] == "point_rend")
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
