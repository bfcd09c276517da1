"""What all peers do alike."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle

FILE = Path(__file__).parents[3] / "workflow" / "peers" / "peer.py"


@pytest.fixture(scope="module")
def peer():
    """The module, which is no part of the library."""
    spec = importlib.util.spec_from_file_location("peer", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["peer"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["peer"]


@pytest.fixture
def crossing(tmp_path):
    """A data set of one image with two bars that cross, two folders, and the masks."""
    masks = np.zeros((2, 12, 16), dtype=bool)
    masks[0, 5:8] = True
    masks[1, :, 7:9] = True
    code = [rle.encode(np.asfortranarray(mask, dtype=np.uint8)) for mask in masks]
    for item in code:
        item["counts"] = item["counts"].decode()
    content = {
        "images": [{"id": 3, "file_name": "scene.png", "width": 16, "height": 12}],
        "annotations": [{"image_id": 3, "segmentation": item} for item in code],
    }
    (tmp_path / "train.json").write_text(json.dumps(content))
    folders = [tmp_path / "000", tmp_path / "001"]
    for folder in folders:
        folder.mkdir()
    Image.fromarray(np.full((12, 16), 7, dtype=np.uint8)).save(folders[1] / "scene.png")
    return tmp_path / "train.json", folders, masks


def test_images_are_found_in_any_folder_with_their_masks(peer, crossing):
    dataset, folders, masks = crossing
    (sample,) = peer.read_samples(dataset, folders)
    assert sample.image_id == 3
    assert (sample.pixels == 7).all() and sample.pixels.shape == (12, 16)
    np.testing.assert_array_equal(sample.masks, masks)


def test_where_masks_overlap_a_label_image_has_the_smallest(peer, crossing):
    _, _, masks = crossing
    labels = peer.label_image(masks)
    assert labels[6, 7] == 2, "24 pixels against 48"
    assert labels[6, 0] == 1 and labels[0, 7] == 2 and labels[0, 0] == 0
    parts = peer.parts_of(labels, [0.5, 0.25])
    np.testing.assert_array_equal(parts[1].mask, masks[1])
    assert [part.score for part in parts] == [0.5, 0.25]


def test_a_peer_learns_as_long_as_it_is_told_and_writes_coco_results(
    peer, crossing, tmp_path, monkeypatch
):
    dataset, folders, masks = crossing
    (tmp_path / "clock.json").write_text(json.dumps({"processor_s": 0.2}))
    given = ["--dataset", dataset, "--images", *folders, "--model", tmp_path / "model"]

    def train(samples, budget, seed, folder):
        assert seed == 5 and not budget.over()
        steps = 0
        while not budget.over():
            steps += 1
        (folder / "weights").write_text("learnt")
        return {"steps": steps}

    def load(folder):
        assert (folder / "weights").read_text() == "learnt"
        empty = peer.Found(np.zeros((12, 16), dtype=bool), 0.9)
        return lambda pixels: [peer.Found(masks[0], 0.3), empty, peer.Found(masks[1], 0.8)]

    def run(task, *more):
        words = ["peer", task, *given, *more]
        monkeypatch.setattr(sys, "argv", [str(word) for word in words])
        peer.main(train, load, package="numpy")

    run(
        "train",
        *("--as-long-as", tmp_path / "clock.json", "--seed", 5),
        *("--record", tmp_path / "training.json"),
    )
    learnt = json.loads((tmp_path / "training.json").read_text())
    assert learnt["steps"] > 0
    assert learnt["processor_s"] >= 0.2
    assert learnt["version"] == np.__version__
    run(
        "apply",
        *("--timed", folders[1] / "scene.png", "--predictions", tmp_path / "found.json"),
        *("--record", tmp_path / "application.json"),
    )
    found = json.loads((tmp_path / "found.json").read_text())
    assert [item["score"] for item in found] == [0.8, 0.3], "best first, nothing empty"
    assert found[0]["bbox"] == [7, 0, 2, 12]
    np.testing.assert_array_equal(rle.decode(found[1]["segmentation"]), masks[0])
    assert json.loads((tmp_path / "application.json").read_text())["seconds_an_image"] >= 0
