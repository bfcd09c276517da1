"""synthwire summary: what a finished run of the workflow made."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthwire.cli.terminal import Commands, add_command


def add_to(commands: Commands) -> None:
    """Add the command to the program's."""
    parser = add_command(
        commands,
        "summary",
        "RUN",
        summary="show Table 1 of a finished run, and where its results lie",
        description="Show Table 1 of a finished run of the workflow, and where its tables, figures "
        "and report lie.",
        run=run,
    )
    parser.add_argument(
        "folder", type=Path, metavar="RUN", help="folder of the run, as results/demo"
    )


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from synthwire.study.summary import summarise  # here, as in the other commands: --help is quick

    print(summarise(options.folder))
    return 0
