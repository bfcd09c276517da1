"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthwire.errors import InputError

logger = logging.getLogger(__name__)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes out of `folder` for the block, on this machine and on others.

    A workflow whose controller was killed may start a training again that a job of before still
    runs. InputError names that job. The lock ends with its process, however that ends. On a file
    system without locks there is none, and the log says so.
    """
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"{folder}: {file.read()} is at work in it; start again when that has ended, or "
                "end it first"
            ) from None
        except OSError as error:
            logger.warning("%s: it cannot be locked here (%s)", folder, error)
        file.truncate(0)
        file.write(_own_name())
        file.flush()
        yield


def _own_name() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    process = f"process {os.getpid()} on {socket.gethostname()}"
    return f"SLURM job {job} ({process})" if job else process
