"""Training one Mask R-CNN with Detectron2's own trainer, without losing work.

Paper, sections "Application and training of the Mask R-CNN model" and "Model loss functions".
"""

from __future__ import annotations

import json
import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from synthwire import detectron  # first: it makes detectron2 importable
from synthwire.acceleration import FusedSGD, accelerate
from synthwire.annotations import read_coco
from synthwire.dataset import locate_images, training_records
from synthwire.detectron import Plan
from synthwire.errors import InputError
from synthwire.files import atomic_path, read_json, sha256, sha256_of_json, write_json, write_text
from synthwire.progress import progress_bar
from synthwire.provenance import Stopwatch, record

from detectron2.checkpoint import DetectionCheckpointer  # isort: skip
from detectron2.data import DatasetMapper, build_detection_train_loader  # isort: skip
from detectron2.data import transforms  # isort: skip
from detectron2.engine import DefaultTrainer, HookBase, hooks, launch  # isort: skip
from detectron2.solver.build import get_default_optimizer_params  # isort: skip
from detectron2.utils import comm  # isort: skip
from detectron2.utils.env import seed_all_rng  # isort: skip
from detectron2.utils.events import JSONWriter, get_event_storage  # isort: skip

# What decides the trained weights. A checkpoint is gone on with only when all of these agree;
# what is not named here (checkpoint period, loader workers, device) may change in between.
IDENTITY_OF_TRAINING = (
    "images_per_batch",
    "min_size_px",
    "max_size_px",
    "augmentation",
)
CHECKPOINTS_KEPT = 2


def augmentations(training: Mapping) -> list[transforms.Augmentation]:
    """The paper's augmentations in Detectron2's classes.

    Random brightness and contrast between the limits of the config (paper: 0.7–1.2), horizontal
    and vertical flips with the config's probability (0.5 each), and a resize to a shortest edge
    drawn from `min_size_px`; 0 there leaves the size.
    """
    settings = training["augmentation"]
    chain: list[transforms.Augmentation] = []
    sizes = training["min_size_px"]
    if sizes and min(sizes) > 0:
        chain.append(transforms.ResizeShortestEdge(sizes, training["max_size_px"], "choice"))
    chain += [
        transforms.RandomBrightness(*settings["brightness"]),
        transforms.RandomContrast(*settings["contrast"]),
        transforms.RandomFlip(settings["flip_probability"], horizontal=True, vertical=False),
        transforms.RandomFlip(settings["flip_probability"], horizontal=False, vertical=True),
    ]
    return chain


class AtomicCheckpointer(DetectionCheckpointer):
    """Detectron2's checkpointer; a kill while it writes leaves the checkpoint before whole."""

    def save(self, name: str, **more) -> None:
        if not self.save_dir or not self.save_to_disk:
            return
        data = {"model": self.model.state_dict()}
        data |= {key: value.state_dict() for key, value in self.checkpointables.items()}
        with atomic_path(Path(self.save_dir) / f"{name}.pth") as temporary:
            torch.save(data | more, temporary)
        self.tag_last_checkpoint(f"{name}.pth")

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        with atomic_path(Path(self.save_dir) / "last_checkpoint") as temporary:
            temporary.write_text(last_filename_basename)


class ProgressHook(HookBase):
    """A bar with iteration and loss."""

    def __init__(self, description: str) -> None:
        self._description = description

    def before_train(self) -> None:
        self._bar = progress_bar(None, self._description, total=self.trainer.max_iter)
        self._bar.update(self.trainer.start_iter)

    def after_step(self) -> None:
        loss = get_event_storage().history("total_loss").median(20)
        self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        self._bar.update(1)

    def after_train(self) -> None:
        self._bar.close()


class WireTrainer(DefaultTrainer):
    """Detectron2's DefaultTrainer on a list of records, with the paper's augmentations."""

    def __init__(self, cfg, records: list[dict], training: Mapping, description: str) -> None:
        self._records = records
        self._training = training
        self._description = description
        super().__init__(cfg)
        self.checkpointer = AtomicCheckpointer(
            self._trainer.model, cfg.OUTPUT_DIR, trainer=weakref.proxy(self)
        )
        # registered again, since the parent's hooks hold the parent's checkpointer
        self._hooks = []
        self.register_hooks(self.build_hooks())

    @classmethod
    def build_model(cls, cfg):
        return accelerate(super().build_model(cfg))

    @classmethod
    def build_optimizer(cls, cfg, model):
        return FusedSGD(
            get_default_optimizer_params(
                model,
                base_lr=cfg.SOLVER.BASE_LR,
                weight_decay_norm=cfg.SOLVER.WEIGHT_DECAY_NORM,
                bias_lr_factor=cfg.SOLVER.BIAS_LR_FACTOR,
                weight_decay_bias=cfg.SOLVER.WEIGHT_DECAY_BIAS,
            ),
            lr=cfg.SOLVER.BASE_LR,
            momentum=cfg.SOLVER.MOMENTUM,
            nesterov=cfg.SOLVER.NESTEROV,
            weight_decay=cfg.SOLVER.WEIGHT_DECAY,
        )

    def build_train_loader(self, cfg):
        mapper = DatasetMapper(
            is_train=True,
            augmentations=augmentations(self._training),
            image_format=cfg.INPUT.FORMAT,
            use_instance_mask=True,
            instance_mask_format="bitmask",
        )
        return build_detection_train_loader(
            self._records,
            mapper=mapper,
            total_batch_size=cfg.SOLVER.IMS_PER_BATCH,
            num_workers=cfg.DATALOADER.NUM_WORKERS,
        )

    def build_hooks(self):
        chain: list[HookBase] = [hooks.IterationTimer(), hooks.LRScheduler()]
        if comm.is_main_process():
            period = max(1, min(20, self.cfg.SOLVER.MAX_ITER // 20))
            metrics = JSONWriter(str(Path(self.cfg.OUTPUT_DIR) / "metrics.json"))
            chain += [
                hooks.PeriodicCheckpointer(
                    self.checkpointer,
                    self.cfg.SOLVER.CHECKPOINT_PERIOD,
                    max_to_keep=CHECKPOINTS_KEPT,
                ),
                hooks.PeriodicWriter([metrics], period=period),
                ProgressHook(self._description),
            ]
        return chain


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
        "training": {key: training[key] for key in IDENTITY_OF_TRAINING},
        "plan": plan._asdict(),
        "dataset_sha256": sha256(dataset),
        "initial_weights_sha256": sha256(weights) if weights else None,
        "seed": seed,
    }


def claim_checkpoints(folder: Path, own: dict) -> None:
    """Make `folder` this training's; refuse a folder that another training has written.

    InputError names what differs.
    """
    stamp = folder / "identity.json"
    if stamp.exists():
        other = read_json(stamp)
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


def model_seed(seed: int, model: str) -> int:
    """Seed of one model's training, from the config's seed and the model's name."""
    key = (detectron.SEED_STAGE, *model.encode())
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0] >> 1)


def _work(cfg, records, training, description) -> None:
    """One process of a training; Detectron2's `launch` starts one on each GPU."""
    seed_all_rng(cfg.SEED + comm.get_rank())
    trainer = WireTrainer(cfg, records, training, description)
    trainer.resume_or_load(resume=True)
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
) -> None:
    """Train one model and write model_final.pth, metrics.json and provenance.json to `output`.

    dataset: a dataset/train_*.json; shards: the image folders it refers to; weights: where to
    start from, None for random numbers. Work in progress lies in `checkpoints`: a training that
    was stopped goes on from the last one, and the folder is removed at the end. InputError when
    the checkpoints belong to another training, and when the loss is no longer finite.
    """
    stopwatch = Stopwatch()
    data = read_coco(dataset)
    records = training_records(data, locate_images(data, shards))
    device = detectron.device_name(training["device"])
    own = identity(architecture, training, plan, dataset=dataset, weights=weights, seed=seed)
    checkpoints.mkdir(parents=True, exist_ok=True)
    claim_checkpoints(checkpoints, own)
    cfg = detectron.training_config(
        architecture,
        training,
        plan,
        weights=str(weights) if weights else "",
        device=device,
        seed=model_seed(seed, model),
        output=checkpoints,
        classes=len(data["categories"]),
    )
    resumed = _resumed_iteration(checkpoints)
    processes = min(training["gpus"], torch.cuda.device_count()) if device == "cuda" else 1
    cfg.SOLVER.IMS_PER_BATCH = max(processes, cfg.SOLVER.IMS_PER_BATCH)
    try:
        launch(
            _work,
            max(1, processes),
            dist_url="auto",
            args=(cfg, records, training, f"train {model}"),
        )
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
            config={
                "architecture": architecture,
                "training": training,
                "detectron2": cfg.dump(),
            },
            seed=seed,
            device=device,
            processes=processes,
            initial_weights=weights.name if weights else "scratch",
            resumed_at_iteration=resumed,
        ),
        indent=1,
    )
    shutil.rmtree(checkpoints)


def _resumed_iteration(checkpoints: Path) -> int | None:
    """Iteration at which a stopped training goes on; None for one that starts anew."""
    pointer = checkpoints / "last_checkpoint"
    if not pointer.exists():
        return None
    return int(pointer.read_text().removesuffix(".pth").rpartition("_")[2]) + 1


def _publish(checkpoints: Path, output: Path) -> None:
    """Copy the final weights, without optimiser state, and the metrics to the model's folder."""
    output.mkdir(parents=True, exist_ok=True)
    final = torch.load(checkpoints / "model_final.pth", map_location="cpu", weights_only=False)
    with atomic_path(output / "model_final.pth") as temporary:
        torch.save({"model": final["model"]}, temporary)
    write_text(output / "metrics.json", _merge_metrics(checkpoints / "metrics.json"))


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
