"""One training in several processes: one on each GPU, or several on a CPU."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import ProcessExitedException, start_processes
from torch.nn.parallel import DistributedDataParallel

from synthwire.runtime.job import LOG_FORMAT, script_hidden

# What schedulers send before they kill: SIGTERM at a preemption, a time limit or scancel; SIGUSR1
# where a job asked for it (SLURM's --signal).
SAVE_AND_STOP = signal.SIGTERM
SAVE = signal.SIGUSR1
EXIT_STOPPED = 128 + SAVE_AND_STOP  # as a shell reports a process that SIGTERM ended
GRACE_S = 10


def rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def processes() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def parallel(model: torch.nn.Module, device: str) -> torch.nn.Module:
    """The model with gradients averaged over all processes; the model itself in a single one."""
    if processes() == 1:
        return model
    ids = [rank()] if device == "cuda" else None
    return DistributedDataParallel(model, device_ids=ids, broadcast_buffers=False)


def apart(model: torch.nn.Module) -> AbstractContextManager:
    """Within it the gradients of a `parallel` model are not exchanged yet."""
    return model.no_sync() if isinstance(model, DistributedDataParallel) else nullcontext()


class Interrupts:
    """Remembers SIGTERM and SIGUSR1 within its block, until a training is ready to act on them."""

    def __init__(self) -> None:
        self.save = False
        self.stop = False

    def _note(self, number: int, frame: Any) -> None:
        self.save = True
        self.stop |= number == SAVE_AND_STOP

    @contextmanager
    def remember(self) -> Iterator[None]:
        with handle_signals(self._note):
            yield


@contextmanager
def handle_signals(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Both signals go to `handler` within the block; outside of the main thread none does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in (SAVE_AND_STOP, SAVE)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def launch(function: Callable[..., None], count: int, device: str, *arguments: Any) -> None:
    """Call `function(*arguments)` in `count` processes that compute together.

    In one process it is a plain call. Otherwise a FloatingPointError of any process is raised here
    again, and an end by SIGTERM ends this process the same way.
    """
    if count == 1:
        function(*arguments)
        return
    diverged = get_context("spawn").SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "rendezvous": f"file://{folder}/rendezvous",
            "count": count,
            "device": device,
            "threads": max(1, torch.get_num_threads() // count),
            "logs": _log_files(),
        }
        with script_hidden():
            group = start_processes(
                _process, (settings, diverged, function, arguments), count, join=False
            )

        def forward(number: int, frame: Any) -> None:
            for process in group.processes:
                if process.is_alive():
                    os.kill(process.pid, number)

        try:
            with handle_signals(forward):
                while not group.join(grace_period=GRACE_S):
                    pass
        except ProcessExitedException as error:
            if error.exit_code == EXIT_STOPPED:
                raise SystemExit(EXIT_STOPPED) from None
            raise
        except Exception:
            if not diverged.empty():
                raise FloatingPointError(diverged.get()) from None
            raise


def _process(
    index: int, settings: dict, diverged: Any, function: Callable[..., None], arguments: tuple
) -> None:
    logs = [logging.FileHandler(path, encoding="utf-8") for path in settings["logs"]]
    if logs:
        logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, handlers=logs, force=True)
    logging.captureWarnings(True)
    torch.set_num_threads(settings["threads"])
    cuda = settings["device"] == "cuda"
    if cuda:
        torch.cuda.set_device(index)
    distributed.init_process_group(
        "nccl" if cuda else "gloo",
        init_method=settings["rendezvous"],
        world_size=settings["count"],
        rank=index,
    )
    try:
        function(*arguments)
    except FloatingPointError as error:
        diverged.put(str(error))
        raise
    distributed.destroy_process_group()


def _log_files() -> list[str]:
    handlers = logging.getLogger().handlers
    return [
        str(Path(handler.baseFilename))
        for handler in handlers
        if isinstance(handler, logging.FileHandler)
    ]


def average(values: torch.Tensor) -> torch.Tensor:
    """Mean of each value over all processes."""
    if processes() > 1:
        distributed.all_reduce(values)
        values /= processes()
    return values
