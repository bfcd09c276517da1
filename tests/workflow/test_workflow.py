"""The whole workflow at the smallest scale, and what runs again after which change."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml
from PIL import Image

from synthwire.datasets.authors_layout import list_split
from synthwire.io.coco import read_coco
from synthwire.io.files import sha256
from synthwire.io.masks import decode_mask
from synthwire.io.volumes import read_volume

pytestmark = pytest.mark.workflow

SETS = ("simulated_ptychography", "simulated_stxm", "simulated_sem", "simulated_sem_attached")
ROWS = ("01", "04", "16")


def test_everything_that_the_contract_names_is_there(finished):
    run = finished.folder / "results" / "test"
    for shard, scenes in (("000", range(4)), ("001", range(4, 8))):
        for scene in scenes:
            assert (run / f"structures/{shard}/scene_{scene:05d}.tif").is_file()
            assert (run / f"images/{shard}/scene_{scene:05d}.png").is_file()
        assert (run / f"structures/{shard}/particles.csv").is_file()
        assert (run / f"images/{shard}/coco.json").is_file()
    for name in ("train_250", "train_750", "train_1000", "val"):
        assert (run / f"dataset/{name}.json").is_file()
    for images in SETS:
        assert tifffile.imread(run / f"microscopy/{images}/image.tif").dtype == np.uint8
        assert read_coco(run / f"microscopy/{images}/annotations.json")["annotations"]
    for model in ("base", *ROWS):
        for name in ("model_final.pth", "metrics.json", "provenance.json"):
            assert (run / "models" / model / name).is_file()
        for images in ("synthetic", *SETS):
            assert (run / f"predictions/{model}/{images}.json").is_file()
            assert (run / f"evaluation/{model}/{images}.json").is_file()
            assert (run / f"statistics/{model}/{images}.csv").is_file()
    for number in (1, 2, 3, 4):
        for suffix in ("csv", "md", "tex"):
            assert (run / f"tables/table{number}.{suffix}").stat().st_size > 0
    names = [f"fig{number}" for number in (*range(1, 10), 12)]
    names += ["fig_attached", "fig_attached_statistics", "fig_comparison", "fig_feature_maps"]
    for name in names:
        for suffix in ("pdf", "svg", "png"):
            assert (run / f"figures/{name}.{suffix}").stat().st_size > 0
    assert "<html" in (run / "report.html").read_text()[:300].lower()
    assert not list(run.rglob("*.partial*")), "a temporary file was left behind"
    assert not (run / "checkpoints" / "01").exists(), "checkpoints of a finished training remain"


def test_images_and_masks_are_those_of_the_volumes(finished):
    run = finished.folder / "results" / "test"
    labels, metadata = read_volume(run / "structures/001/scene_00005.tif")
    assert metadata["voxel_size_nm"] == 30
    coco = read_coco(run / "images/001/coco.json")
    masks = {item["id"]: item for item in coco["annotations"] if item["image_id"] == 5}
    assert masks
    for identity, item in masks.items():
        np.testing.assert_array_equal(
            decode_mask(item["segmentation"]), (labels == identity - 500_000).any(axis=0)
        )
    with Image.open(run / "images/001/scene_00005.png") as image:
        assert image.size == (64, 64)


def test_every_training_ran_its_iterations_from_the_shared_base(finished):
    models = finished.folder / "results" / "test" / "models"
    base = sha256(models / "base" / "model_final.pth")
    expected = {"base": 20, "01": 5, "04": 8, "16": 12}
    for model, iterations in expected.items():
        lines = (models / model / "metrics.json").read_text().splitlines()
        curve = [json.loads(line) for line in lines]
        assert curve[-1]["iteration"] == iterations - 1
        assert all(np.isfinite(point["total_loss"]) for point in curve if "total_loss" in point)
        provenance = json.loads((models / model / "provenance.json").read_text())
        assert provenance["identity"]["plan"]["iterations"] == iterations
        assert provenance["seed"] == 1
        assert provenance["versions"]["detectron2"] == "0.6"
        assert provenance["duration_s"] > 0
        assert len(provenance["identity"]["dataset_sha256"]) == 64
        start = provenance["identity"]["initial_weights_sha256"]
        assert start == (None if model == "base" else base)
    hashes = {sha256(models / model / "model_final.pth") for model in expected}
    assert len(hashes) == len(expected), "two models have the same weights"


def test_the_watershed_is_tuned_on_training_images_and_evaluated_as_a_model(finished):
    run = finished.folder / "results" / "test"
    tuned = json.loads((run / "baselines" / "watershed.json").read_text())
    search = pd.read_csv(run / "baselines" / "watershed_search.csv")
    assert tuned["combinations"] == len(search) == 3 * 2 * 2 * 2 * 2
    best = search.iloc[0][list(tuned["parameters"])].to_dict()
    assert tuned["parameters"] == best
    table = pd.read_csv(run / "tables" / "supplementary_table1.csv", dtype={"model": str})
    rows = table[table["model"] == "watershed"].set_index("images")
    assert set(rows.index) == {"synthetic", *SETS}
    measured = json.loads((run / "evaluation/watershed/synthetic.json").read_text())
    assert rows.loc["synthetic", "ap_segm"] == pytest.approx(measured["segm"]["ap"])


def test_the_tables_hold_what_was_measured_and_what_was_published(finished):
    run = finished.folder / "results" / "test"
    table = pd.read_csv(run / "tables" / "table1.csv", dtype={"model": str}).set_index("model")
    assert list(table.index) == ["base", *ROWS]
    for model in table.index:
        measured = json.loads((run / f"evaluation/{model}/synthetic.json").read_text())
        assert table.loc[model, "ap_bbox"] == pytest.approx(measured["bbox"]["ap"])
    assert table.loc["04", "paper_ap_segm"] == 90.195
    assert np.isnan(table.loc["base", "paper_ap_segm"])


def test_a_second_run_has_nothing_to_do(finished):
    done = finished("all")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_editing_one_row_trains_that_model_alone(finished, root, tmp_path):
    table = (root / "config" / "models.tsv").read_text()
    (tmp_path / "models.tsv").write_text(
        table.replace("04\t250\t1000\t0.02", "04\t250\t1000\t0.03")
    )
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"models": {"table": str(tmp_path / "models.tsv")}}))
    jobs = finished.planned("all", configs=("test.yaml", str(own)))
    assert jobs["train_model"] == jobs["predict"] == jobs["evaluate_model"] == 1
    assert jobs["generate_structures"] == 0


def test_one_more_image_set_needs_no_training(finished, tmp_path):
    own = tmp_path / "own.yaml"
    entry = finished.folder / "results/test/microscopy/simulated_sem/image.tif"
    own.write_text(
        yaml.safe_dump(
            {"image_sets": {"mine": {"source": "file", "image": str(entry), "label": "Mine"}}}
        )
    )
    jobs = finished.planned("all", configs=("test.yaml", str(own)))
    assert jobs["train_model"] == jobs["generate_structures"] == 0
    assert jobs["prepare_microscopy"] == 1
    assert jobs["predict"] == 4


def test_another_run_may_use_the_trained_models(finished, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"name": "other", "models_from": "test"}))
    jobs = finished.planned("all", configs=("test.yaml", str(own)))
    assert jobs["train_model"] == jobs["generate_structures"] == 0
    assert jobs["predict"] == 4


def test_figures_are_redrawn_from_stored_results(finished):
    figure = finished.folder / "results/test/figures/fig5.svg"
    before = figure.read_bytes()
    figure.unlink()
    assert finished.planned("figures") == {"make_figure_5": 1, "figures": 1}
    done = finished("figures")
    assert done.returncode == 0, done.stderr
    assert figure.read_bytes() == before


def test_a_single_stage_reruns_alone(finished):
    jobs = finished.planned("tables", "--forcerun", "make_tables")
    assert jobs == {"make_tables": 1, "tables": 1}


HOLD = (
    "import sys; from pathlib import Path; from synthwire.runtime.locking import alone_in\n"
    "with alone_in(Path(sys.argv[1])):\n"
    "    print('in', flush=True); sys.stdin.read()\n"
)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Another run holds this run's folder, until it is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"in\n"
        yield
        holder.kill()


def test_runs_of_two_names_leave_each_other_alone_and_two_of_one_name_do_not_mix(finished):
    results = finished.folder / "results"
    again = ("tables", "--forcerun", "make_tables")
    with held(results / "other"):
        assert finished(*again).returncode == 0
    with held(results / "test"):
        done = finished(*again)
        assert done.returncode == 1
        lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire: ")]
        assert len(lines) == 1
        assert "results/test: another synthwire writes there" in lines[0]
        assert "Traceback" not in done.stderr
        assert finished.planned(*again), "a dry run only reads"
    assert finished(*again).returncode == 0, "who held the folder was killed"
    shutil.rmtree(results / "other")


def test_a_run_that_was_killed_goes_on_with_the_same_command(workflow):
    command = workflow.command("dataset")
    run = workflow.folder / "results" / "test"
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as killed:
        while not (run / "structures" / "000").exists():
            assert killed.poll() is None
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
    done = workflow("dataset")
    assert done.returncode == 0, done.stderr[-4000:]
    assert (run / "dataset" / "val.json").is_file()
    assert workflow.planned("dataset") == {}


def test_gallery_and_diagnosis_come_out_of_a_finished_run(finished):
    done = finished("gallery", "diagnosis")
    assert done.returncode == 0, done.stderr[-6000:]
    run = finished.folder / "results" / "test"
    for name in ("fig_gallery_shapes", "fig_gallery_presets", "fig_diagnosis"):
        assert (run / "figures" / f"{name}.svg").stat().st_size > 0
    table = pd.read_csv(run / "diagnosis" / "simulated_sem.csv", dtype={"model": str})
    assert set(table["condition"]) == {"noise", "blur", "resolution", "density", "tilt"}
    assert set(table["model"]) <= set(ROWS)
    assert len(set(table["model"])) == 1


def test_each_target_rule_is_known(workflow):
    for target in ("structures", "images", "dataset", "train", "evaluate", "tables", "figures"):
        assert workflow.planned(target)[target] == 1
    assert workflow.planned("report")["report"] == 1


def data_bytes(folder: Path) -> dict[str, str]:
    run = folder / "results" / "test"
    files = [*run.glob("structures/*/*.tif"), *run.glob("images/*/*.png"), *run.glob("dataset/*")]
    return {path.name: sha256(path) for path in files}


def test_the_data_set_is_the_same_for_two_shard_sizes_and_1_and_2_cores(workflow, root, tmp_path):
    results = []
    for name, cores, per_shard in (("a", 1, 3), ("b", 2, 8)):
        folder = tmp_path / name
        folder.mkdir()
        own = folder / "own.yaml"
        own.write_text(yaml.safe_dump({"structures": {"scenes_per_shard": per_shard}}))
        done = type(workflow)(root, folder)("dataset", configs=("test.yaml", str(own)), cores=cores)
        assert done.returncode == 0, done.stderr[-4000:]
        results.append(data_bytes(folder))
    assert len(results[0]) == 8 + 8 + 4
    assert results[0] == results[1]


def test_anyones_labelled_volumes_are_another_source(finished, workflow, tmp_path):
    folder = tmp_path / "volumes"
    folder.mkdir()
    run = finished.folder / "results" / "test"
    for path in run.glob("structures/*/scene_*.tif"):
        labels, _ = read_volume(path)
        tifffile.imwrite(folder / path.name, labels)  # plain, without our metadata
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"dataset": {"volumes": str(folder)}}))
    configs = ("test.yaml", str(own))
    done = workflow("dataset", configs=configs)
    assert done.returncode == 0, done.stderr[-4000:]
    ours = tmp_path / "results" / "test"
    assert not (ours / "structures").exists()
    for name in ("train_1000.json", "val.json"):
        assert (ours / "dataset" / name).read_bytes() == (run / "dataset" / name).read_bytes()
    (folder / "scene_00003.tif").unlink()
    done = workflow("dataset", configs=configs)
    assert done.returncode == 1
    assert "scene_00003.tif is missing" in done.stderr


def test_what_is_exported_in_the_authors_layout_is_another_source_of_images(
    finished, workflow, tmp_path
):
    run = finished.folder / "results" / "test"
    done = finished("export")
    assert done.returncode == 0, done.stderr[-4000:]
    exported = run / "authors_layout"
    validation = [image["id"] for image in read_coco(run / "dataset/val.json")["images"]]
    assert {item.number for item in list_split(exported / "validation")} == set(validation)
    own = tmp_path / "own.yaml"
    folders = {split: str(exported / split) for split in ("train", "validation")}
    own.write_text(yaml.safe_dump({"dataset": {"authors_layout": folders}}))
    configs = ("test.yaml", str(own))
    done = workflow("dataset", configs=configs)
    assert done.returncode == 0, done.stderr[-4000:]
    ours = tmp_path / "results" / "test"
    assert not (ours / "structures").exists()
    for name in ("train_1000", "val"):
        expected = read_coco(run / f"dataset/{name}.json")["annotations"]
        imported = read_coco(ours / f"dataset/{name}.json")["annotations"]
        assert [item["segmentation"] for item in imported] == [
            item["segmentation"] for item in expected
        ]
    jobs = workflow.planned("all", configs=configs)
    assert jobs["train_model"] == 4  # three rows and the base that they start from
    assert jobs["make_figure_2"] == jobs["generate_structures"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"dataset": {"authors_layout": {"train": "no", "validation": "no"}}},
            "no: no such folder",
        ),
        ({"trainin": {}}, "trainin: unknown key; did you mean 'training'?"),
        ({"structures": {"domain": [64, -64, 40]}}, "structures.domain.1: -64 is less than"),
        ({"dataset": {"size_factor": 0.02}}, "the training part has 6"),
        ({"models": {"table": "none.tsv"}}, "models.table: no file 'none.tsv'"),
    ],
)
def test_a_lie_in_the_config_is_one_line_before_any_job(workflow, tmp_path, change, message):
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(change))
    done = workflow("all", configs=("test.yaml", str(own)))
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_the_papers_run_can_be_planned(workflow):
    jobs = workflow.planned("all", configs=("config.yaml",))
    assert jobs["train_model"] == 20
    assert jobs["fetch_weights"] == 1
    assert sum(jobs.values()) < 150


REAL = os.environ.get("SYNTHWIRE_MICROSCOPY")


@pytest.mark.skipif(not REAL, reason="SYNTHWIRE_MICROSCOPY names no folder with the real images")
def test_the_models_run_on_the_real_images(finished, root, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"models_from": "test"}))
    done = finished("all", configs=("test.yaml", "real.yaml", str(own)))
    assert done.returncode == 0, done.stderr[-6000:]
    run = finished.folder / "results" / "real"
    assert not (run / "models").exists(), "the models of the other run are used, not trained again"
    for number, shape in ((2, (531, 449)), (3, (531, 449)), (4, (953, 1279))):
        table = pd.read_csv(run / f"tables/table{number}.csv", dtype={"model": str})
        assert table["accuracy"].notna().all()
        if number > 2:  # model 01 stands in the paper's Tables 3 and 4
            published = table.loc[table["model"] == "01", "paper_ap_segm"]
            assert {3: 21.791, 4: 12.927}[number] in set(published)
        name = {2: "ptychography", 3: "stxm", 4: "sem"}[number]
        assert tifffile.imread(run / f"microscopy/{name}/image.tif").shape == shape
    shutil.rmtree(run)


def test_a_wrong_real_image_is_one_line(workflow, tmp_path):
    (tmp_path / "Ptychography.png").write_bytes(b"not the image")
    done = workflow(
        "results/paper/microscopy/ptychography",
        configs=("config.yaml",),
        SYNTHWIRE_MICROSCOPY=str(tmp_path),
    )
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("synthwire: ")]
    assert len(lines) == 1
    assert "Ptychography.png" in lines[0]
    assert "Traceback" not in done.stderr
