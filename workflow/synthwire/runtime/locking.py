"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from synthwire.errors import InputError

logger = logging.getLogger(__name__)

LOCK = ".synthwire.lock"


@contextmanager
def alone_in(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Keep other processes out of `folder` for the block, on this machine and on others.

    shared: others that ask for a shared lock may come in, too: they only read. The lock ends with
    its process, however that ends, so that nothing is ever to be unlocked by hand. InputError names
    the process that is in the folder, or says that nothing can be written there. On a file system
    without locks there is none, and the log says so.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to ({error.strerror})") from None
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"{folder}: another synthwire writes there at present, {file.read()}, which is at "
                "work in it; start again when that has ended, or end it first"
            ) from None
        except OSError as error:
            logger.warning("%s: it cannot be locked here (%s)", folder, error)
        with suppress(OSError):  # the name is for others to read; a full disk will be said anyhow
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), _own_name().encode())
        yield


def _own_name() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    process = f"process {os.getpid()} on {socket.gethostname()}"
    return f"SLURM job {job} ({process})" if job else process
