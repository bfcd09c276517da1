"""What goes on beside the steps of a training: checkpoints, validation, curves, progress."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from synthwire.errors import InputError
from synthwire.learning.distributed import EXIT_STOPPED
from synthwire.learning.weight_files import read_weights, write_weights
from synthwire.runtime.progress import progress_bar

from detectron2.engine import HookBase

CHECKPOINTS_KEPT = 2
FINAL = "model_final.pth"
logger = logging.getLogger(__name__)
# Measures a network in its present state: name of a measure → value.
Validation = Callable[[torch.nn.Module], Mapping[str, float]]


def newest_checkpoint(folder: Path) -> dict | None:
    """The newest whole checkpoint of a folder, None where there is none; broken ones go."""
    for path in sorted(folder.glob("model_*.pth"), reverse=True):  # "final" sorts behind digits
        try:
            return read_weights(path)
        except InputError:
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
        state = {
            "model": self.trainer.network.state_dict(),
            "trainer": self.trainer.state_dict(),
        }
        write_weights(self._folder / name, state)
        for old in sorted(self._folder.glob("model_*.pth"))[:-CHECKPOINTS_KEPT]:
            old.unlink()


class StopWhenAsked(HookBase):
    """Ends all processes together, after the checkpoint is written."""

    def after_step(self) -> None:
        if self.trainer.stopping and self.trainer.iter + 1 < self.trainer.max_iter:
            raise SystemExit(EXIT_STOPPED)


class PeriodicValidation(HookBase):
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
        values = {"loss": f"{storage.history('total_loss').median(20):.3f}"}
        if "validation/ap_segm" in storage.latest():
            values["AP"] = f"{storage.latest()['validation/ap_segm'][0]:.1f}"
        self._bar.set_postfix(values, refresh=False)
        self._bar.update(1)

    def after_train(self) -> None:
        self._bar.close()
