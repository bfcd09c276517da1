"""The program `synthwire`: its commands, and its exit codes."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import signal
import sys
import warnings
from collections.abc import Sequence

from synthwire.cli import (
    adapt,
    agreement,
    app,
    citation,
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
from synthwire.io.files import disk_fault
from synthwire.runtime import stopping
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
# Objects made between two searches for cycles that nothing refers to. Python's few hundred suit a
# small heap; with the libraries ours has a quarter of a million, which takes long to search.
GARBAGE_THRESHOLD = 100_000
COMMANDS = (segment, watch, app, adapt, compare, spectra, agreement, summary, verify, export_model)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for bad input, 2 for wrong use, 130 for Ctrl-C,
    143 for SIGTERM.

    arguments: without the program's name; None takes those of this process.
    """
    wait_passively()
    gc.set_threshold(GARBAGE_THRESHOLD)
    atexit.register(gc.freeze)  # the end of the process then searches nothing of what it drops
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.version or options.cite:
        if options.version:
            print(f"synthwire {__version__}")
        if options.cite:
            print(citation.citation())
        return 0
    if options.command is None:
        parser.error("the following arguments are required: COMMAND")
    stopping.heed_signals()
    # What Detectron2 0.6 and torch tell each other is of no use to anyone here.
    warnings.filterwarnings("ignore", message="torch.meshgrid")
    try:
        return options.run(options)
    except BrokenPipeError:
        # whoever read our output has gone; Python would complain again when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (KeyboardInterrupt, Exception) as error:
        # asked to end, it matters no more what has become of that within an import
        if (number := stopping.requested()) is not None:
            complain("stopped")
            return 128 + number
        said = error if isinstance(error, InputError) else disk_fault(error)
        if said is None:
            raise
        complain(str(said))
        return 1


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` of what it gives is the command's function."""
    parser = argparse.ArgumentParser(
        "synthwire", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=Help
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("--cite", action="store_true", help="print what to cite, as BibTeX")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser
