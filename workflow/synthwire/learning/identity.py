"""What decides a trained model's weights: settings, data, code. Said here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synthwire.errors import InputError
from synthwire.io.files import read_json, sha256, sha256_of_json, write_json
from synthwire.learning.plan import Plan

# Fields of config["training"] that change no weight: an edit of one must not train anything anew,
# and a training may go on from a checkpoint that was written with another value.
RUN_SETTINGS = (
    "device",
    "gpus",
    "cpu_processes",
    "images_per_process",
    "loader_workers",
    "checkpoint_period",
    "validation_period",
    "validation_images",
    "coco_weights_file",
    "threads",
)
# Those that decide the weights through the plan (learning/plan.py) or through the initial weights.
PLAN_SETTINGS = (
    "base",
    "initial_weights",
    "iterations_factor",
    "minimum_iterations",
    "maximum_iterations",
    "learning_rate_factor",
    "roi_factor",
    "schedule",
    "warmup_iterations",
    "warmup_fraction",
)

# Files of the library whose edit trains anew.
SHAPING_FILES = (
    "inference/roi_align.py",
    "io/masks.py",
    "learning/copy_paste.py",
    "learning/cpu/accelerate.py",
    "learning/cpu/convolution.py",
    "learning/cpu/pooling.py",
    "learning/data.py",
    "learning/heads.py",
    "learning/network.py",
    "learning/plan.py",
    "learning/train.py",
    "learning/trainer.py",
    "runtime/seeds.py",
)
# Files that a training imports too, and that shape no weight: rooms, or files with their reason.
NOT_SHAPING_FILES = {
    "datasets/": "find the images",
    "__init__.py": "a door",
    "errors.py": "words",
    "evaluation/": "measures, and what comes after a prediction",
    "inference/": "prediction",
    "io/": "reads and writes; what is wrong there fails, but for the masks",
    "learning/__init__.py": "makes Detectron2 importable",
    "learning/cpu/__init__.py": "a door",
    "learning/distributed.py": "processes; their number changes no weight",
    "learning/folding.py": "prediction",
    "learning/hooks.py": "what goes on beside the steps",
    "learning/identity.py": "this list",
    "learning/learnt_widths.py": "measures",
    "learning/precision.py": "prediction, and the name of the machine's own short numbers",
    "learning/predict.py": "prediction",
    "learning/validation.py": "measures",
    "learning/weight_files.py": "reads and writes; what is wrong there fails",
    "learning/weights.py": "fetches",
    "particles/": "measure",
    "runtime/": "jobs, locks, progress, provenance",
    "schema/": "fills in settings, which are compared themselves",
    "version.py": "a name",
}


def shaping(training: Mapping) -> dict:
    """What of config["training"] decides the weights beside the plan."""
    left_out = {*RUN_SETTINGS, *PLAN_SETTINGS}
    return {name: value for name, value in training.items() if name not in left_out}


def identity(
    architecture: Mapping,
    training: Mapping,
    plan: Plan,
    *,
    dataset: Path,
    weights: Path | None,
    seed: int,
) -> dict:
    """Everything that decides the trained weights, for comparison with a checkpoint's."""
    return {
        "architecture": dict(architecture),
        "training": shaping(training),
        "plan": plan._asdict(),
        "dataset_sha256": sha256(dataset),
        "initial_weights_sha256": sha256(weights) if weights else None,
        "seed": seed,
    }


def claim_checkpoints(folder: Path, own: dict) -> None:
    """Make `folder` this training's; refuse a folder that another training has written.

    InputError names what differs, or says that nothing tells whose the checkpoints there are.
    """
    stamp = folder / "identity.json"
    if not stamp.exists() and any(folder.glob("model_*.pth")):
        raise InputError(
            f"{stamp}: no such file, so that nothing tells which training the checkpoints beside "
            "it belong to; restore it, or remove this folder to start anew"
        )
    if stamp.exists():
        other = read_json(stamp)
        if not isinstance(other, dict):
            raise InputError(
                f"{stamp}: not what a training has written there; restore it, or remove this "
                "folder to start anew"
            )
        if sha256_of_json(other) != sha256_of_json(own):
            different = [
                key for key in own if sha256_of_json(other.get(key)) != sha256_of_json(own[key])
            ]
            raise InputError(
                f"{folder}: the checkpoint there belongs to another training "
                f"({', '.join(different)} differ); remove this folder to start anew, or restore "
                "the config to go on with it"
            )
    write_json(stamp, own, indent=1)
