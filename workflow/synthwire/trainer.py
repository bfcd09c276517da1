"""The loop of a training: Detectron2's model, optimiser settings, schedule and hooks.

An iteration depends on the weights, the optimiser's state and the iteration's number, on nothing
that merely happened before: a training that was killed and goes on from a checkpoint ends like one
that was not.
"""

from __future__ import annotations

import json
import logging
import math
import pickle
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch

from synthwire import detectron, distributed  # noqa: F401  it makes detectron2 importable
from synthwire.acceleration import FusedSGD, accelerate
from synthwire.distributed import EXIT_STOPPED, Interrupts
from synthwire.files import atomic_path
from synthwire.inference import native_precision
from synthwire.progress import progress_bar
from synthwire.training_data import Share, TrainingImages, load_batches

from detectron2.checkpoint import DetectionCheckpointer  # isort: skip
from detectron2.engine import HookBase, TrainerBase, hooks  # isort: skip
from detectron2.modeling import build_model  # isort: skip
from detectron2.solver import build_lr_scheduler  # isort: skip
from detectron2.solver.build import get_default_optimizer_params  # isort: skip

CHECKPOINTS_KEPT = 2
FINAL = "model_final.pth"
REGIONS = 3  # branch of the seed for the regions drawn in an iteration

logger = logging.getLogger(__name__)

# Evaluates a model in its present state: name of a measure → value.
Validation = Callable[[torch.nn.Module], Mapping[str, float]]


class WireTrainer(TrainerBase):
    """Trains one network on its share of each iteration's images."""

    def __init__(
        self,
        cfg,
        images: TrainingImages,
        parts: int,
        description: str,
        *,
        mixed_precision: bool = False,
        validation: Validation | None = None,
        validation_period: int = 0,
    ) -> None:
        """cfg: of `detectron.training_config`; parts: batches whose gradients are added up."""
        super().__init__()
        self.cfg = cfg
        self.device = torch.device(cfg.MODEL.DEVICE).type
        self.network = accelerate(build_model(cfg)).train()
        self.model = distributed.parallel(self.network, self.device)
        self.optimizer = build_optimizer(cfg, self.network)
        self.scheduler = build_lr_scheduler(cfg, self.optimizer)
        self.max_iter = cfg.SOLVER.MAX_ITER
        self.interrupts = Interrupts()
        self.stopping = False
        precision = native_precision(self.device) if mixed_precision else "float32"
        self._precision = getattr(torch, precision)
        self._mixed = precision != "float32"
        # only float16 has too few exponents for gradients
        self._scaler = torch.amp.GradScaler(self.device, enabled=precision == "float16")
        self._images = images
        self._share = Share(
            cfg.SOLVER.IMS_PER_BATCH, distributed.rank(), distributed.processes(), parts
        )
        self.register_hooks(self._hooks_of(description, validation, validation_period))

    def _hooks_of(
        self, description: str, validation: Validation | None, validation_period: int
    ) -> list[HookBase]:
        chain: list[HookBase] = [hooks.LRScheduler()]
        if distributed.rank() == 0:
            folder = Path(self.cfg.OUTPUT_DIR)
            if validation is not None and validation_period > 0:
                chain.append(Validate(validation, validation_period))
            chain += [
                Curves(folder, max(1, min(20, self.max_iter // 20))),
                Checkpoints(folder, self.cfg.SOLVER.CHECKPOINT_PERIOD),
                Progress(description),
            ]
        return [*chain, StopWhenAsked()]

    def load_initial_weights(self) -> None:
        if self.cfg.MODEL.WEIGHTS:
            DetectionCheckpointer(self.network).load(self.cfg.MODEL.WEIGHTS)

    def resume(self, checkpoint: Mapping) -> None:
        """Go on after the iteration that wrote the checkpoint."""
        self.network.load_state_dict(checkpoint["model"])
        self.load_state_dict(checkpoint["trainer"])
        self.start_iter = checkpoint["trainer"]["iteration"] + 1

    def train(self) -> None:
        self._batches = load_batches(
            self._images,
            self._share,
            self.start_iter,
            self.max_iter,
            workers=self.cfg.DATALOADER.NUM_WORKERS,
        )
        with self.interrupts.noted():
            super().train(self.start_iter, self.max_iter)

    def run_step(self) -> None:
        self.optimizer.zero_grad()
        parts = self._share.parts
        sums: dict[str, torch.Tensor] = {}
        for part in range(parts):
            torch.manual_seed(self._seed(part))
            images = next(self._batches)
            # gradients are exchanged between processes once an iteration, with the last part
            waiting = part + 1 < parts and distributed.processes() > 1
            with self.model.no_sync() if waiting else nullcontext():
                with torch.autocast(self.device, self._precision, enabled=self._mixed):
                    losses = self.model(images)
                self._scaler.scale(sum(losses.values()) / parts).backward()
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0) + loss.detach() / parts
        self._share_losses(sums)
        self._scaler.step(self.optimizer)
        self._scaler.update()

    def _seed(self, part: int) -> int:
        """Seed of the draw of regions: two parts of one process draw as two processes do."""
        branch = (REGIONS, self.iter, self._share.rank * self._share.parts + part)
        return int(np.random.SeedSequence(self.cfg.SEED, spawn_key=branch).generate_state(1)[0])

    def _share_losses(self, sums: Mapping[str, torch.Tensor]) -> None:
        """Average losses over the processes; agree on whether to stop. One exchange does both."""
        names = sorted(sums)
        values = torch.stack([sums[name].float() for name in names])
        flag = torch.tensor([float(self.interrupts.stop)], device=values.device)
        *losses, stop = distributed.average(torch.cat([values, flag])).tolist()
        self.stopping = stop > 0
        total = sum(losses)
        if not math.isfinite(total):
            raise FloatingPointError(f"the loss became {total} at iteration {self.iter}")
        self.storage.put_scalar("total_loss", total)
        self.storage.put_scalars(**dict(zip(names, losses, strict=True)))

    def state_dict(self) -> dict:
        return {
            **super().state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def load_state_dict(self, state_dict: Mapping) -> None:
        super().load_state_dict(state_dict)
        self.optimizer.load_state_dict(state_dict["optimizer"])
        self._scaler.load_state_dict(state_dict["scaler"])


def build_optimizer(cfg, model: torch.nn.Module) -> FusedSGD:
    """Detectron2's stochastic gradient descent, rates and decays of its config included."""
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


def newest_checkpoint(folder: Path) -> dict | None:
    """The newest whole checkpoint of a folder, None where there is none; broken ones go."""
    for path in sorted(folder.glob("model_*.pth"), reverse=True):  # "final" sorts behind digits
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError):
            logger.warning("%s: not a whole checkpoint; removed", path, exc_info=True)
            path.unlink()
    return None


class Checkpoints(HookBase):
    """Writes a checkpoint periodically, at the end, and when a signal asks for it."""

    def __init__(self, folder: Path, period: int) -> None:
        self._folder = folder
        self._period = period

    def after_step(self) -> None:
        done = self.trainer.iter + 1
        interrupts = self.trainer.interrupts
        if done == self.trainer.max_iter:
            self._save(FINAL)
        elif done % self._period == 0 or interrupts.save or self.trainer.stopping:
            interrupts.save = False
            self._save(f"model_{self.trainer.iter:07d}.pth")

    def _save(self, name: str) -> None:
        with atomic_path(self._folder / name) as temporary:
            state = {
                "model": self.trainer.network.state_dict(),
                "trainer": self.trainer.state_dict(),
            }
            torch.save(state, temporary)
        for old in sorted(self._folder.glob("model_*.pth"))[:-CHECKPOINTS_KEPT]:
            old.unlink()


class StopWhenAsked(HookBase):
    """Ends all processes together, after the checkpoint is written."""

    def after_step(self) -> None:
        if self.trainer.stopping and self.trainer.iter + 1 < self.trainer.max_iter:
            raise SystemExit(EXIT_STOPPED)


class Validate(HookBase):
    """Measures the model on validation images periodically and at the end."""

    def __init__(self, validation: Validation, period: int) -> None:
        self._validation = validation
        self._period = period

    def after_step(self) -> None:
        done = self.trainer.iter + 1
        last = done == self.trainer.max_iter and done > self._period
        if done % self._period and not last:
            return
        network = self.trainer.network
        network.eval()
        try:
            measures = self._validation(network)
        finally:
            network.train()
        self.trainer.storage.put_scalars(smoothing_hint=False, **measures)


class Curves(HookBase):
    """Losses, rates and validation over the iterations: metrics.json and TensorBoard's events.

    A line of metrics.json holds the means over the iterations since the line before.
    """

    def __init__(self, folder: Path, period: int) -> None:
        self._folder = folder
        self._period = period
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def before_train(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._events = SummaryWriter(
            str(self._folder / "tensorboard"), purge_step=self.trainer.start_iter
        )

    def after_step(self) -> None:
        iteration = self.trainer.iter
        for name, (value, at) in self.trainer.storage.latest().items():
            if at == iteration:
                self._sums[name] = self._sums.get(name, 0.0) + float(value)
                self._counts[name] = self._counts.get(name, 0) + 1
        if (iteration + 1) % self._period == 0 or iteration + 1 == self.trainer.max_iter:
            self._write(iteration)

    def _write(self, iteration: int) -> None:
        means = {name: self._sums[name] / self._counts[name] for name in sorted(self._sums)}
        with (self._folder / "metrics.json").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"iteration": iteration, **means}) + "\n")
        for name, mean in means.items():
            self._events.add_scalar(name, mean, iteration)
        self._sums.clear()
        self._counts.clear()

    def after_train(self) -> None:
        self._events.close()

    def state_dict(self) -> dict:
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load_state_dict(self, state_dict: Mapping) -> None:
        self._sums = dict(state_dict["sums"])
        self._counts = dict(state_dict["counts"])


class Progress(HookBase):
    """A bar with iteration, loss, validation AP so far and time left."""

    def __init__(self, description: str) -> None:
        self._description = description

    def before_train(self) -> None:
        self._bar = progress_bar(
            None,
            self._description,
            total=self.trainer.max_iter,
            initial=self.trainer.start_iter,
        )

    def after_step(self) -> None:
        storage = self.trainer.storage
        shown = {"loss": f"{storage.history('total_loss').median(20):.3f}"}
        if "validation/ap_segm" in storage.latest():
            shown["AP"] = f"{storage.latest()['validation/ap_segm'][0]:.1f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(1)

    def after_train(self) -> None:
        self._bar.close()
