"""A network in ONNX's form finds what PyTorch's finds, where PyTorch is not even installed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import onnxruntime
import pytest
import torch
import yaml
from pycocotools import mask as coco_mask

from synthwire.cli import main
from synthwire.datasets.image_sets.simulated import SimulatedPage, simulate_page
from synthwire.errors import InputError
from synthwire.evaluation.evaluate import evaluate_predictions
from synthwire.inference.portable import PortablePredictor, read_card
from synthwire.inference.predictor import VIEW_PX
from synthwire.learning import network, predict
from synthwire.learning.export import export_model
from synthwire.learning.weights import WEIGHTS_VARIABLE
from synthwire.runtime.imports import LIBRARY
from synthwire.schema import validate
from synthwire.segmentation.images import read_images
from synthwire.segmentation.models import find_model, load_model
from synthwire.segmentation.options import Preparation
from synthwire.structures.settings import resolve_settings
from synthwire.webapp.assets import SAMPLES
from synthwire.webapp.catalogue import samples

from detectron2.modeling import build_model

# Runs in a process that finds neither PyTorch nor Detectron2.
WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in ("torch", "torchvision", "detectron2", "fvcore")
        return None if hidden else PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
from synthwire.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """The bundled model's portable form."""
    path = tmp_path_factory.mktemp("portable") / "bundled.onnx.zip"
    export_model(*find_model(), path)
    return path


def pages() -> list[tuple[SimulatedPage, np.ndarray]]:
    """The samples, another image of each virtual microscope, and each as the model sees it."""
    found = []
    for key, sample in yaml.safe_load((SAMPLES / "samples.yaml").read_text()).items():
        entry = validate(sample["image_set"], "image_set.schema.yaml", key)
        entry["structures"] = resolve_settings(entry["structures"])
        for more in (0, 1):
            page = simulate_page(key, entry, sample["seed"] + more, 0)
            (image,) = read_images(page.image, Preparation(sample["modality"]))
            found.append((page, image.pixels))
    return found


def test_both_ways_agree(bundled):
    """AP within 0.1, and 99 % of the particles above 0.7 with masks of IoU 0.98."""
    weights, card = find_model()
    there = predict.load(
        weights,
        card["architecture"],
        card["prediction"],
        nms_threshold=card["nms_threshold"],
        precision="float32",
    )
    here, overlaps = PortablePredictor(bundled), []
    settings = validate({}, "evaluation.schema.yaml", "evaluation")
    for page, image in pages():
        number = page.record["id"]
        expected, found = there(image, number), here(image, number)
        sure = [item["segmentation"] for item in expected if item["score"] >= 0.7]
        masks = [item["segmentation"] for item in found]
        overlaps += list(np.asarray(coco_mask.iou(sure, masks, [0] * len(masks))).max(axis=1))
        truth = {
            "images": [page.record],
            "categories": card["categories"],
            "annotations": page.annotations,
        }
        one, other = (
            evaluate_predictions(truth, results, {**settings, "bootstrap_replicates": 0})
            for results in (expected, found)
        )
        assert one["segm"]["ap"] > 10
        for kind in ("bbox", "segm"):
            assert abs(one[kind]["ap"] - other[kind]["ap"]) <= 0.1
    assert len(overlaps) > 60
    assert np.mean(np.array(overlaps) >= 0.98) >= 0.99


def test_a_large_picture_holds_more_than_a_small_one(bundled):
    """What a small picture shows is found again in each of its reflections, in both forms."""
    weights, card = find_model()
    there = predict.load(
        weights,
        card["architecture"],
        {**card["prediction"], "detections": 10},
        nms_threshold=card["nms_threshold"],
        precision="float32",
        view_px=VIEW_PX,
    )
    here = PortablePredictor(bundled)
    here._settings["detections"] = 10
    small = pages()[0][1][:256, :256]
    large = np.pad(small, (0, 768), mode="symmetric")
    assert len(here.detect(small).boxes) == len(there.detect(small).boxes) == 10
    found, expected = here.detect(large), there.detect(large)
    assert len(found.boxes) == len(expected.boxes) == 40  # 1024 x 1024 px are four views
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-3)


@pytest.mark.parametrize("mask_head", ["convolutions", "hourglass"])
def test_other_networks_have_the_form_too(tmp_path, mask_head):
    """Random weights: what a network says is as good as noise, and must be the same noise."""
    _, card = find_model()
    card = {**card, "architecture": {**card["architecture"], "mask_head": mask_head, "depth": 50}}
    cfg = network.prediction_config(
        card["architecture"], card["prediction"], nms_threshold=0.7, weights=tmp_path, device="cpu"
    )
    torch.manual_seed(1)
    path = tmp_path / "weights.pth"
    torch.save({"model": build_model(cfg).state_dict()}, path)
    export_model(path, card, tmp_path / "model.onnx.zip")
    cfg.MODEL.WEIGHTS = str(path)
    picture = np.random.default_rng(1).integers(0, 256, (70, 90), dtype=np.uint8)
    expected = predict.Predictor(cfg).detect(picture)
    found = PortablePredictor(tmp_path / "model.onnx.zip").detect(picture)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-3)
    assert len(found.masks) == len(expected.masks) > 0
    if mask_head == "hourglass":
        assert found.frames is not None


def test_point_rend_is_refused(tmp_path):
    weights, card = find_model()
    card["architecture"]["mask_head"] = "point_rend"
    with pytest.raises(InputError, match="PointRend's mask head has no portable form"):
        export_model(weights, card, tmp_path / "model.onnx.zip")
    assert not list(tmp_path.iterdir())


def test_it_needs_no_pytorch(bundled, tmp_path):
    """The bundled model's portable form is taken where PyTorch is not, and missed in one line."""
    weights, card = find_model()
    for path in (weights, weights.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    image, out = LIBRARY / "webapp" / "samples" / f"{samples()[0].key}.tif", tmp_path / "out"

    def run() -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", WITHOUT, "segment", str(image), "--out", str(out)],
            env={**os.environ, WEIGHTS_VARIABLE: str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    done = run()
    assert done.returncode == 1
    assert "PyTorch is not installed, and bundled.onnx.zip is not beside it" in done.stderr
    shutil.copy(bundled, tmp_path / "bundled.onnx.zip")
    done = run()
    assert done.returncode == 0, done.stderr
    (found,) = out.glob("*/coco.json")
    data = json.loads(found.read_text())
    assert data["info"]["model_sha256"] == card["sha256"] == read_card(bundled)["sha256"]
    assert len(data["annotations"]) > 5


def test_the_command_writes_what_the_others_read(bundled, tmp_path, capsys):
    assert main(["export-model", "bundled", "--out", str(tmp_path / "m.onnx.zip")]) == 0
    assert (tmp_path / "m.onnx.zip").read_bytes() == bundled.read_bytes()
    assert load_model(tmp_path / "m.onnx.zip").card == load_model(bundled).card
    for arguments, words in (
        (["bundled", "--out", str(tmp_path / "m.onnx")], "ends in .onnx.zip"),
        ([str(bundled)], "is portable already"),
    ):
        assert main(["export-model", *arguments]) == 1
        assert words in capsys.readouterr().err


def test_damage_is_named(tmp_path):
    path = tmp_path / "m.onnx.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match="no portable model, or a damaged one"):
        load_model(path)


def test_the_package_for_bioimageio_is_one_graph_that_says_the_same(bundled, tmp_path, capsys):
    """What bioimage.io's own validator finds of it is told in docs/images.md: the lock lacks it."""
    path = tmp_path / "m.bioimageio.zip"
    assert main(["export-model", "bundled", "--bioimageio", "--out", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    described = yaml.safe_load(files["bioimageio.yaml"])
    sources = [described["documentation"], described["weights"]["onnx"]]
    sources += [item["test_tensor"] for item in described["inputs"] + described["outputs"]]
    for source in sources:
        assert hashlib.sha256(files[source["source"]]).hexdigest() == source["sha256"]
    assert "## Validation" in files["README.md"].decode()
    tensors = {
        item["id"]: np.load(io.BytesIO(files[item["test_tensor"]["source"]]))
        for item in described["inputs"] + described["outputs"]
    }
    (image,) = tensors["image"][0]
    session = onnxruntime.InferenceSession(files["model.onnx"], providers=["CPUExecutionProvider"])
    for picture in (image, image[:256, :320]):
        expected = PortablePredictor(bundled).detect(picture.astype(np.uint8))
        found = session.run(None, {"image": picture[np.newaxis, np.newaxis]})
        assert len(found[1]) > 20
        for name, array in zip(("boxes", "scores", "frames", "masks"), found, strict=True):
            np.testing.assert_allclose(array, getattr(expected, name), rtol=1e-3, atol=1e-3)
            if picture is image:
                np.testing.assert_array_equal(array, tensors[name])
