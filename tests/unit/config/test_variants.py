"""Variants of a note: what they change, what they share, what is refused."""

from __future__ import annotations

import hashlib
import shutil

import pytest
import yaml

from synthwire.config import checks
from synthwire.config.notes import read_notes
from synthwire.config.variants import check_peers, check_real, large_enough, read_variants
from synthwire.errors import InputError

ROW = {
    "model": "01",
    "epochs": 250,
    "dataset_size": 250,
    "learning_rate": 0.02,
    "roi_head": 256,
    "iou_thr": 0.6,
    "nms": 0.7,
}


@pytest.fixture(scope="module")
def run(root):
    return checks.resolve(yaml.safe_load((root / "config" / "test.yaml").read_text()))


def variants(run, root, note, **changes):
    notes = read_notes(root / "config" / "supplement", {note: changes})
    return read_variants(note, notes[note], run, ROW)


@pytest.mark.parametrize("note", ["note1", "note3", "note4", "note8", "ablations"])
@pytest.mark.parametrize("config", ["test.yaml", "demo.yaml", "config.yaml"])
def test_the_projects_notes_fit_its_configurations(root, note, config, monkeypatch):
    monkeypatch.chdir(root)
    run = checks.resolve(yaml.safe_load((root / "config" / config).read_text()))
    notes = read_notes(root / "config" / "supplement", run["supplement"])
    assert read_variants(note, notes[note], run, ROW)


@pytest.mark.parametrize("config", ["test.yaml", "demo.yaml"])
def test_simulated_images_to_learn_from_hold_a_patch(root, config):
    run = checks.resolve(yaml.safe_load((root / "config" / config).read_text()))
    training = run["structures"]
    for entry in run["image_sets"].values():
        found, own = large_enough(entry, training)["structures"], entry["structures"]
        for side, before, wanted in zip(
            found["domain"][:2], own["domain"][:2], training["domain"][:2], strict=True
        ):
            patch_px = wanted * training["voxel_size_nm"] / own["voxel_size_nm"]
            assert side >= patch_px
            assert side == before or side < patch_px + 1
        assert {**found, "domain": own["domain"]} == own


def test_a_variant_is_the_run_with_its_changes(run, root):
    found = variants(run, root, "ablations", repetitions=2, steps=7, select=["paper", "flat"])
    assert list(found) == [
        "ablations-paper-1", "ablations-paper-2", "ablations-flat-1", "ablations-flat-2",
    ]  # fmt: skip
    first, again, flat, _ = found.values()
    assert first.seed == run["seed"] != again.seed
    assert first.config["structures"] == run["structures"]
    particles = [
        particle
        for population in flat.config["structures"]["populations"]
        for particle in population["particles"]
    ]
    assert {particle["rest"] for particle in particles} == {"flat"}
    assert flat.config["training"]["maximum_iterations"] == 7
    (quarter,) = variants(
        run, root, "ablations", repetitions=1, select=["quarter"], reference=None
    ).values()
    assert quarter.config["dataset"]["size_factor"] == run["dataset"]["size_factor"] / 4
    assert first.tests == ("synthetic", *run["tables"].values())
    assert first.made_from("compression") == flat.made_from("compression")
    assert first.made_from("structures") != flat.made_from("structures")
    assert first.made_from("compression") != again.made_from("compression")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"select": ["papers"]}, r"ablations\.select: no variant 'papers'; there are paper, "),
        ({"reference": "none"}, r"ablations\.reference: 'none' is none of the variants"),
        ({"tests": ["tem"]}, r"variants\.paper\.tests: 'tem' is neither"),
        ({"common": {"evaluation": {}}}, r"variants\.paper: a variant may change .*'evaluation'"),
        (
            {"variants": {"binary": {"changes": {"compression": {"quantity": "volume"}}}}},
            r"variants\.binary: compression\.quantity: 'volume' is not one of",
        ),
        (
            {"variants": {"paper": {"changes": {"model": {"dataset_size": 5000}}}}},
            r"ablations-paper-1: dataset_size 5000 .*= 30 images, but the training part has 6",
        ),
        (
            {"variants": {"flat": {"changes": {"particles": {"rest": "upright"}}}}},
            r"variants\.flat: structures\.populations\.0\.particles\.0\.rest: 'upright'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_variant(run, root, changes, message):
    with pytest.raises(InputError, match=message) as raised:
        variants(run, root, "ablations", **changes)
    assert "\n" not in str(raised.value)


def test_images_that_are_tested_on_are_not_learnt_from(root, tmp_path):
    image, outlines = tmp_path / "image.png", tmp_path / "outlines.json"
    image.write_bytes(b"an image")
    outlines.write_text("{}")
    entry = {"source": "file", "image": str(image), "annotations": str(outlines)}
    resources = tmp_path / "resources"
    resources.mkdir()
    shutil.copy(root / "resources" / "published_images.tsv", resources)
    check_real({"mine": entry}, {}, resources)
    with pytest.raises(
        InputError, match=r"files\.mine: .*image\.png is tested on as image_sets\.sem"
    ):
        check_real({"mine": entry}, {"sem": entry}, resources)
    with pytest.raises(InputError, match=r"files\.mine: no annotations"):
        check_real({"mine": {**entry, "annotations": None}}, {}, resources)
    with pytest.raises(InputError, match=r"files\.mine: no file '.*lost\.png'"):
        check_real({"mine": {**entry, "image": str(tmp_path / "lost.png")}}, {}, resources)
    table = (resources / "published_images.tsv").read_text().splitlines()
    row = table[1].split("\t")
    digest = hashlib.sha256(b"an image").hexdigest()
    (resources / "published_images.tsv").write_text(
        "\n".join([table[0], "\t".join([*row[:-1], digest])]) + "\n"
    )
    with pytest.raises(InputError, match=r"is the published Ptychography\.png, which is for tests"):
        check_real({"mine": entry}, {}, resources)


@pytest.mark.parametrize(
    ("peers", "line"),
    [
        (
            {"yolo12": {"environment": "own"}},
            "supplement.peers.peers.yolo12: no file 'workflow/peers/yolo12.py'; there are "
            "cellpose_flows, mask_rcnn, star_polygons, yolo",
        ),
        (
            {"yolo": {"environment": "jax"}},
            "supplement.peers.peers.yolo.environment: no file 'envs/peers/jax.txt'; there are "
            "tensorflow, torch",
        ),
    ],
)
def test_a_peer_without_its_files_is_refused(root, peers, line):
    with pytest.raises(InputError) as refused:
        check_peers(peers, root)
    assert str(refused.value) == line


def test_peers_that_are_there_or_left_out_pass(root):
    check_peers({"yolo": {"environment": "torch"}, "mask_rcnn": {"environment": "own"}}, root)
    check_peers({"unknown": None}, root)
