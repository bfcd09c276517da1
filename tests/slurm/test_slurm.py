"""`snakemake --profile slurm` on a real SLURM of one node with four GPUs that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from slurm_cluster import Watch, freeze_training, slurm, wait_until

from synthwire.io.files import sha256

GPUS = 4
# A training of its own for each row, without a base; on one GPU, so that four run at once.
TRAINING = {
    "initial_weights": "scratch",
    "gpus": 1,
    "device": "cpu",
    "images_per_batch": 1,
    "checkpoint_period": 5,
}


def rows(*names: str, table: str | None = None) -> dict:
    return {"select": list(names), **({"table": table} if table else {})}


def megabytes(text: str) -> float:
    """What SLURM calls megabytes, from 2000M or 62.50G."""
    return float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def curve(run: Path, model: str) -> list[int]:
    """Iterations in a model's loss curve."""
    lines = (run / "models" / model / "metrics.json").read_text().splitlines()
    return [json.loads(line)["iteration"] for line in lines]


def provenance(run: Path, model: str) -> dict:
    return json.loads((run / "models" / model / "provenance.json").read_text())


def saved_iteration(run: Path, model: str) -> int | None:
    """Iteration of a training's newest checkpoint; None before the first."""
    paths = (run / "checkpoints" / model).glob("model_[0-9]*.pth")
    return max((int(path.stem.rpartition("_")[2]) for path in paths), default=None)


def went_on_where_it_was(run: Path, model: str, saved: int, iterations: int) -> None:
    """Behind the checkpoint `saved` of before the interruption, thanks to the one at SIGTERM."""
    assert saved + 1 < provenance(run, model)["resumed_at_iteration"] < iterations
    assert curve(run, model)[-1] == iterations - 1
    assert not (run / "checkpoints" / model).exists()


@pytest.fixture(scope="module")
def profile(root) -> dict:
    return yaml.safe_load((root / "profiles" / "slurm" / "config.yaml").read_text())


def test_the_tiny_workflow_from_nothing_to_the_tables(controller, cluster, profile):
    config = {"models": rows("01", "04"), "training": {"device": "cpu"}}
    before = len(cluster.jobs())
    run = controller()
    with Watch(cluster) as watch:
        run.start("tables", config=config)
        run.ended_well()
    table = pd.read_csv(run.run / "tables" / "table1.csv", dtype={"model": str})
    measured = table.set_index("model").loc[["base", "01", "04"], "ap_segm"]
    assert measured.notna().all()

    jobs = cluster.jobs()[before:]
    assert all(job.state == "COMPLETED" for job in jobs)
    kinds = [job.comment for job in jobs]
    assert kinds.count("rule_shard_compress_optical_density_generate_structures") == 2
    assert not any("prepare_microscopy" in kind for kind in kinds), "downloads are localrules"

    # What the profile asks for is what SLURM was asked for: four GPUs on one node for a training.
    trainings = [job for job in jobs if "train_" in job.comment]
    asked = profile["set-resources"]["train_model"]
    assert len(trainings) == 3
    for job in trainings:
        assert job.fields["TresPerJob"] == f"gres:gpu:{GPUS}"
        assert job.fields["NumNodes"] == str(asked["nodes"])
        assert job.fields["TimeLimit"] == f"{asked['runtime'] // 60:02d}:00:00"
        assert job.fields["Requeue"] == "1"
        assert megabytes(job.fields["MinMemoryNode"]) == asked["mem_mb"]
    others = [job for job in jobs if job not in trainings]
    assert not any("gpu" in job.fields.get("TresPerJob", "") for job in others)
    watch.check_that_no_gpu_was_held_twice()
    assert watch.most_jobs_with_gpus() == 1

    # Nothing is left to do, and of jobs that ended well no log of SLURM's stays.
    run.start("tables", "--dry-run", config=config)
    run.ended_well()
    assert "Nothing to be done" in run.output()
    assert not list((run.folder / "results" / "slurm_logs").rglob("*.log"))


def test_twenty_trainings_fan_out_over_the_gpus(controller, cluster, root):
    before = len(cluster.jobs())
    names = pd.read_csv(root / "config" / "models.tsv", sep="\t", dtype={"model": str})["model"]
    run = controller()
    with Watch(cluster) as watch:
        run.start(
            *("train", "--set-resources", "train_model:gpu_model=a100"),
            config={
                "models": rows(*names),
                "training": {**TRAINING, "minimum_iterations": 1, "maximum_iterations": 2},
            },
        )
        run.ended_well()
    for name in names:
        (job,) = cluster.of_model(name, before)
        assert job.fields["TresPerJob"] == "gres:gpu:a100:1"
        assert (run.run / "models" / name / "model_final.pth").is_file()
    watch.check_that_no_gpu_was_held_twice()
    assert watch.most_jobs_with_gpus() == GPUS


def test_trainings_go_on_from_their_checkpoints_and_a_failing_one_leaves_the_others(
    controller, cluster, root
):
    """One training is cancelled, one exceeds its time, one is put back, one cannot succeed."""
    iterations = 60
    before = len(cluster.jobs())
    run = controller()
    table = run.folder / "models.tsv"
    rows_of_table = (root / "config" / "models.tsv").read_text()
    table.write_text(rows_of_table.replace("04\t250\t1000\t0.02", "04\t250\t1000\t1e12"))
    run.start(
        *("train", "--retries", "1"),
        *(
            "--set-resources",
            'train_model:runtime=2 if wildcards.model == "02" and attempt == 1 else 60',
        ),
        config={
            "models": rows("01", "02", "03", "04", table=str(table)),
            "training": {
                **TRAINING,
                "minimum_iterations": iterations,
                "maximum_iterations": iterations,
            },
        },
    )
    interrupted = {"01": "scancel", "02": "", "03": "scontrol requeue"}
    saved = {}
    for model, command in interrupted.items():
        wait_until(lambda m=model: saved_iteration(run.run, m), f"a checkpoint of model {model}")
        (job,) = cluster.of_model(model, before)
        freeze_training(job)
        saved[model] = saved_iteration(run.run, model)
        if command:
            slurm(*command.split(), job.id)
    assert run.finish() == 1

    for model in interrupted:
        went_on_where_it_was(run.run, model, saved[model], iterations)
    assert [job.state for job in cluster.of_model("01", before)] == ["CANCELLED", "COMPLETED"]
    assert [job.state for job in cluster.of_model("02", before)] == ["TIMEOUT", "COMPLETED"]
    (requeued,) = cluster.of_model("03", before)
    assert (requeued.state, requeued.restarts) == ("COMPLETED", 1)

    failed = cluster.of_model("04", before)
    assert {job.state for job in failed} == {"FAILED"}
    output = run.output()
    for log in ("logs/train_model/04.log", f"slurm_logs/rule_train_model/04/{failed[-1].id}.log"):
        assert log in output
    assert "the training diverged" in (run.run / "logs/train_model/04.log").read_text()
    assert not (run.run / "models" / "04").exists()


def test_a_run_whose_controller_was_killed_goes_on_without_repeating_a_training(
    controller, cluster
):
    before = len(cluster.jobs())
    names = ("01", "02", "03")
    config = {
        "models": rows(*names),
        "training": {**TRAINING, "minimum_iterations": 20, "maximum_iterations": 20},
    }
    run = controller()
    run.start("train", "--jobs", "2", config=config)
    models = run.run / "models"
    # Two at once: when the third one goes out, one has ended.
    wait_until(lambda: all(cluster.of_model(name, before) for name in names), "three trainings")
    assert any((models / name / "provenance.json").exists() for name in names)
    run.kill()
    # What was submitted goes on without a controller.
    wait_until(lambda: not slurm("squeue", "--noheader").strip(), "an empty queue")
    weights = {name: sha256(models / name / "model_final.pth") for name in names}
    submitted = len(cluster.jobs())

    run.start("train", config=config)
    run.ended_well()
    assert len(cluster.jobs()) == submitted
    assert {name: sha256(models / name / "model_final.pth") for name in weights} == weights


def test_two_runs_with_different_names_side_by_side_in_one_folder(controller, cluster):
    config = {
        "models": rows("01"),
        "training": {**TRAINING, "minimum_iterations": 2, "maximum_iterations": 2},
    }
    runs = [controller(name) for name in ("alice", "bob")]
    for run in runs:
        run.start("train", config=config)
    for run in runs:
        run.ended_well()
    for path in ("dataset/train_250.json", "images/001/scene_00005.png"):
        assert len({sha256(run.run / path) for run in runs}) == 1
    for run in runs:
        assert curve(run.run, "01") == [0, 1]
