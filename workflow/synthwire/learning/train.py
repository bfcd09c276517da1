"""Training one Mask R-CNN without losing work.

Paper, sections "Application and training of the Mask R-CNN model" and "Model loss functions".
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from synthwire.datasets.annotated_images import locate_images
from synthwire.errors import InputError
from synthwire.io.coco import read_coco
from synthwire.io.files import sha256_of_json, write_json, write_text
from synthwire.learning import distributed, network
from synthwire.learning.data import TrainingImages, training_records
from synthwire.learning.hooks import FINAL, Validation, newest_checkpoint
from synthwire.learning.identity import claim_checkpoints, identity
from synthwire.learning.learnt_widths import learnt_widths
from synthwire.learning.plan import Plan
from synthwire.learning.trainer import WireTrainer
from synthwire.learning.weight_files import read_weights, write_weights
from synthwire.runtime.locking import alone_in
from synthwire.runtime.provenance import Stopwatch, record
from synthwire.runtime.seeds import Stage, seed_of


def model_seed(seed: int, model: str) -> int:
    """Seed of one model's training, from the config's seed and the model's name."""
    return seed_of(seed, Stage.TRAINING, *model.encode()) >> 1


def share_out(images: int, processes: int, at_once: int) -> tuple[int, int]:
    """How many processes train, and in how many parts each computes its share of an iteration.

    images: of one iteration; processes: at most; at_once: images that fit into one process. The
    iteration stays the same size: parts whose gradients are added up make up for processes that
    are not there.

    >>> share_out(32, 4, 8), share_out(32, 1, 8), share_out(32, 3, 8), share_out(2, 4, 8)
    ((4, 1), (1, 4), (2, 2), (2, 1))
    """
    processes = max(n for n in range(1, processes + 1) if images % n == 0)
    share = images // processes
    return processes, min(
        n for n in range(1, share + 1) if share % n == 0 and share // n <= at_once
    )


class _Task(NamedTuple):
    """What each process of a training is told."""

    cfg: Any
    records: Sequence[Mapping]
    training: Mapping
    parts: int
    description: str
    validation: Validation | None


def _work(task: _Task) -> None:
    """One process of a training."""
    cfg = task.cfg
    torch.manual_seed(cfg.SEED)
    trainer = WireTrainer(
        cfg,
        TrainingImages(task.records, task.training, cfg.SEED),
        task.parts,
        task.description,
        mixed_precision=task.training["mixed_precision"],
        validation=task.validation,
        validation_period=task.training["validation_period"],
    )
    checkpoint = newest_checkpoint(Path(cfg.OUTPUT_DIR))
    if checkpoint is None:
        trainer.load_initial_weights()
    else:
        trainer.resume(checkpoint)
    trainer.train()


def train(
    model: str,
    architecture: Mapping,
    training: Mapping,
    plan: Plan,
    *,
    dataset: Path,
    shards: list[Path],
    weights: Path | None,
    seed: int,
    checkpoints: Path,
    output: Path,
    validation: Validation | None = None,
) -> None:
    """Train one model and write model_final.pth, metrics.json and provenance.json to `output`.

    dataset: a dataset/train_*.json; shards: the image folders it refers to; weights: where to
    start from, None for random numbers; validation: called with the network at every
    `validation_period`. Work in progress lies in `checkpoints`: a training that was stopped goes
    on from the last one, and the folder is removed at the end. At SIGTERM and SIGUSR1 a checkpoint
    is written at once; after SIGTERM the process ends with status 143. InputError when the
    checkpoints belong to another training or another process works on them, and when the loss is
    no longer finite.
    """
    stopwatch = Stopwatch()
    data = read_coco(dataset)
    records = training_records(data, locate_images(data, shards))
    device = network.device_name(training["device"])
    own = identity(architecture, training, plan, dataset=dataset, weights=weights, seed=seed)
    checkpoints.mkdir(parents=True, exist_ok=True)
    with alone_in(checkpoints):
        claim_checkpoints(checkpoints, own)
        cfg = network.training_config(
            architecture,
            training,
            plan,
            weights=str(weights) if weights else "",
            device=device,
            seed=model_seed(seed, model),
            output=checkpoints,
            classes=len(data["categories"]),
        )
        found = newest_checkpoint(checkpoints)
        available = (
            min(training["gpus"], torch.cuda.device_count())
            if device == "cuda"
            else training["cpu_processes"]
        )
        processes, parts = share_out(
            training["images_per_batch"], available, training["images_per_process"]
        )
        task = _Task(cfg, records, training, parts, f"train {model}", validation)
        try:
            distributed.launch(_work, processes, device, task)
        except FloatingPointError as error:
            raise InputError(
                f"model {model}: the training diverged ({str(error).splitlines()[0]}) at learning "
                f"rate {plan.learning_rate:g}; lower it in the model table or "
                "training.learning_rate_factor"
            ) from None
        _publish(checkpoints, output)
        write_json(
            output / "provenance.json",
            record(
                stopwatch,
                model=model,
                identity=own,
                identity_sha256=sha256_of_json(own),
                dataset=dataset.name,
                dataset_images=len(records),
                categories=data["categories"],
                learnt=learnt_widths(data, training),
                config={
                    "architecture": architecture,
                    "training": training,
                    "detectron2": cfg.dump(),
                },
                seed=seed,
                device=device,
                processes=processes,
                gradient_parts=parts,
                initial_weights=weights.name if weights else "scratch",
                resumed_at_iteration=found["trainer"]["iteration"] + 1 if found else None,
            ),
            indent=1,
        )
        # While it is ours: another may come in as soon as it is not. Checkpoints first: were this
        # process killed now, none of them may be left without its identity.
        for path in checkpoints.glob("model_*.pth"):
            path.unlink()
        shutil.rmtree(checkpoints)


def _publish(checkpoints: Path, output: Path) -> None:
    """Put the final weights, without optimiser state, and the curves into the model's folder."""
    output.mkdir(parents=True, exist_ok=True)
    write_weights(output / FINAL, {"model": read_weights(checkpoints / FINAL)["model"]})
    write_text(output / "metrics.json", _merge_metrics(checkpoints / "metrics.json"))
    shutil.rmtree(output / "tensorboard", ignore_errors=True)
    shutil.copytree(checkpoints / "tensorboard", output / "tensorboard")


def _merge_metrics(path: Path) -> str:
    """Loss curve with one line an iteration.

    A training that was killed leaves points behind its last checkpoint, which the next run writes
    again, and perhaps half a line.
    """
    points = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            points[json.loads(line)["iteration"]] = line
        except json.JSONDecodeError:
            continue
    return "".join(f"{points[iteration]}\n" for iteration in sorted(points))
