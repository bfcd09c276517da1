"""The program `synthwire`: its commands, and its exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from synthwire.cli import (
    agreement,
    app,
    compare,
    export_model,
    segment,
    spectra,
    summary,
    verify,
    watch,
)
from synthwire.cli.terminal import Help, complain
from synthwire.errors import InputError
from synthwire.runtime.threads import wait_passively
from synthwire.version import __version__

DESCRIPTION = (
    "Find nanowires and other particles in microscopy images, one by one, and measure them."
)
EXAMPLES = """\
examples:
  synthwire segment wires.tif --out results
  synthwire segment scans/ --out results --modality tem --pixel-size 0.8nm
  synthwire watch /data/today --out results --pixel-size 6nm
  synthwire app

'synthwire COMMAND --help' tells all about a command.
"""
COMMANDS = (segment, watch, app, compare, spectra, agreement, summary, verify, export_model)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for bad input, 2 for wrong use, 130 for Ctrl-C.

    arguments: without the program's name; None takes those of this process.
    """
    wait_passively()
    options = make_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    # What Detectron2 0.6 and torch tell each other is of no use to anyone here.
    warnings.filterwarnings("ignore", message="torch.meshgrid")
    try:
        return options.run(options)
    except InputError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("stopped")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # whoever read our output has gone; Python would complain again when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _terminate(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # unwinds, so that half-written folders go


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` of what it gives is the command's function."""
    parser = argparse.ArgumentParser(
        "synthwire", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=Help
    )
    parser.add_argument("--version", action="version", version=f"synthwire {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return parser
