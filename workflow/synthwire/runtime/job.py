"""Running one job of a workflow: its log file, its errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from synthwire.errors import InputError
from synthwire.runtime import records

LOG_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"


@contextmanager
def job(
    log: str | os.PathLike,
    inputs: Iterable[str | os.PathLike] = (),
    outputs: Iterable[str | os.PathLike] = (),
) -> Iterator[logging.Logger]:
    """Send all log records and warnings of the block to the file `log`.

    Inputs that are not as another job wrote them stop it; the sums of the outputs are recorded.
    An InputError becomes one line on standard error and exit code 1; any other exception is a bug
    of ours: its traceback goes to the log file as well.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Detectron2 prints to standard output unless its loggers are set up already
    for name in ("detectron2", "fvcore"):
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    logger = logging.getLogger("synthwire")
    try:
        record = records.record_of(log)
        if record:
            record.remove()
        records.check_inputs(inputs)
        yield logger
        if record:
            record.write(outputs)
    except InputError as error:
        logger.error("%s", error)
        print(f"synthwire: {error}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
    except Exception:
        logger.exception("unexpected error")
        raise
    finally:
        handler.flush()
