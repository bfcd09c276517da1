"""How the commands speak: their help, their complaints, their counts."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from typing import TypeAlias

from synthwire.errors import one_line

# what add_subparsers gives; argparse has no public name for it
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Help(argparse.RawDescriptionHelpFormatter):
    """Texts as they stand here, options in one narrow column, each argument named once."""

    def __init__(self, prog: str) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(prog, max_help_position=24, width=min(100, columns - 2))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        names = ", ".join(action.option_strings)
        return f"{names} {self._format_args(action, action.dest.upper())}"


def add_command(
    commands: Commands,
    name: str,
    usage: str,
    *,
    summary: str,
    description: str,
    epilog: str = "",
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """Add a command that calls `run` with its options; returns its parser."""
    parser = commands.add_parser(
        name,
        usage=f"synthwire {name} {usage}",
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=Help,
    )
    parser.set_defaults(run=run)
    return parser


def complain(message: str) -> None:
    """One line on standard error, in the program's name."""
    print(f"synthwire: {one_line(message)}", file=sys.stderr, flush=True)


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "image"), count(3, "image")
    ('1 image', '3 images')
    """
    return f"{number} {noun}{'s' * (number != 1)}"
