"""The loop of a training: Detectron2's model, optimiser settings, schedule and hooks.

An iteration depends on the weights, the optimiser's state and the iteration's number, on nothing
that merely happened before: a training that was killed and goes on from a checkpoint ends like one
that was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import torch

from synthwire.learning import distributed
from synthwire.learning.cpu.accelerate import accelerate
from synthwire.learning.data import Share, TrainingImages, load_batches
from synthwire.learning.distributed import Interrupts
from synthwire.learning.hooks import (
    Checkpoints,
    Curves,
    PeriodicValidation,
    Progress,
    StopWhenAsked,
    Validation,
)
from synthwire.learning.precision import native_precision
from synthwire.learning.weight_files import WeightsLoader
from synthwire.runtime.seeds import TrainingStream, seed_of

from detectron2.config import CfgNode
from detectron2.engine import HookBase, TrainerBase, hooks
from detectron2.modeling import build_model
from detectron2.solver import build_lr_scheduler
from detectron2.solver.build import get_default_optimizer_params


class WireTrainer(TrainerBase):
    """Trains one network on its share of each iteration's images."""

    def __init__(
        self,
        cfg: CfgNode,
        images: TrainingImages,
        parts: int,
        description: str,
        *,
        mixed_precision: bool = False,
        validation: Validation | None = None,
        validation_period: int = 0,
    ) -> None:
        """cfg: of `network.training_config`; parts: batches whose gradients are added up."""
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
                chain.append(PeriodicValidation(validation, validation_period))
            chain += [
                Curves(folder, max(1, min(20, self.max_iter // 20))),
                Checkpoints(folder, self.cfg.SOLVER.CHECKPOINT_PERIOD),
                Progress(description),
            ]
        return [*chain, StopWhenAsked()]

    def load_initial_weights(self) -> None:
        if self.cfg.MODEL.WEIGHTS:
            WeightsLoader(self.network).load(self.cfg.MODEL.WEIGHTS)

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
        with self.interrupts.remember():
            super().train(self.start_iter, self.max_iter)

    def run_step(self) -> None:
        self.optimizer.zero_grad()
        parts = self._share.parts
        sums: dict[str, torch.Tensor] = {}
        for part in range(parts):
            torch.manual_seed(self._seed(part))
            images = next(self._batches)
            # gradients are exchanged between processes once an iteration, with the last part
            with distributed.apart(self.model) if part + 1 < parts else nullcontext():
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
        share = self._share.rank * self._share.parts + part
        return seed_of(self.cfg.SEED, TrainingStream.REGIONS, self.iter, share)

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


def build_optimizer(cfg: CfgNode, model: torch.nn.Module) -> torch.optim.SGD:
    """Detectron2's stochastic gradient descent, rates and decays of its config included."""
    return torch.optim.SGD(
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
        # in one pass over the weights; on a GPU torch chooses
        fused=True if cfg.MODEL.DEVICE == "cpu" else None,
    )
