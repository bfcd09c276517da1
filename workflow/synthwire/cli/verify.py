"""synthwire verify: whether the results of a run are as its jobs wrote them."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthwire.cli.terminal import Commands, add_command, complain, count
from synthwire.runtime.records import verify


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "verify",
        "RUN",
        summary="check that a run's results are as they were written",
        description="Compare all results of a run of the workflow with the SHA-256 sums that were "
        "recorded as they were made. Names the files that are missing, changed, or of no job of "
        "the run; the exit code is then 1. Logs, benchmarks and checkpoints are no results.",
        run=run,
    )
    parser.add_argument(
        "folder", type=Path, metavar="RUN", help="folder of the run, as results/demo"
    )


def run(options: argparse.Namespace) -> int:
    """Name what is wrong; 1 where something is."""
    found = verify(options.folder)
    for what, paths in (
        ("missing", found.missing),
        ("changed since it was written", found.changed),
        ("foreign: no job of this run has made it", found.foreign),
    ):
        for path in paths:
            complain(f"{options.folder / path}: {what}")
    wrong = len(found.missing) + len(found.changed) + len(found.foreign)
    print(
        f"{count(found.whole, 'file')} as written"
        + (f"; {count(wrong, 'problem')}, named above" if wrong else "")
    )
    return 1 if wrong else 0
