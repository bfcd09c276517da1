"""Running one job of a workflow: its log file, its errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from synthwire.errors import InputError
from synthwire.io.files import disk_fault, remove_left_of
from synthwire.runtime import records

LOG_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"


@contextmanager
def job(
    log: str | os.PathLike,
    inputs: Iterable[str | os.PathLike] = (),
    outputs: Iterable[str | os.PathLike] = (),
) -> Iterator[logging.Logger]:
    """Send all log records and warnings of the block to the file `log`.

    Inputs that are not as another job wrote them stop it; the sums of the outputs are recorded, and
    what a killed process left of them is removed.
    An InputError, or what a full or read-only disk says, becomes one line on standard error and
    exit code 1; any other exception is a bug of ours: its traceback goes to the log file as well.
    """
    logging.raiseExceptions = False  # a log on a full disk goes without; the error is said below
    logger = logging.getLogger("synthwire")
    try:
        _log_to(Path(log))
        record = records.record_of(log)
        if record:
            record.remove()
        outputs = list(outputs)
        for output in outputs:
            remove_left_of(output)
        records.check_inputs(inputs)
        yield logger
        if record:
            record.write(outputs)
    except Exception as error:
        said = error if isinstance(error, InputError) else disk_fault(error)
        if said is None:
            logger.exception("unexpected error")
            raise
        logger.error("%s", said)
        print(f"synthwire: {said}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Detectron2 prints to standard output unless its loggers are set up already
    for name in ("detectron2", "fvcore"):
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)


@contextmanager
def script_hidden() -> Iterator[None]:
    """New processes import what they are told to call, not the script that starts them.

    Python would run the script's file again in each; Snakemake's scripts cannot run alone.
    """
    main = vars(sys.modules["__main__"])
    hidden = {name: main.pop(name) for name in ("__file__",) if name in main}
    try:
        yield
    finally:
        main.update(hidden)
