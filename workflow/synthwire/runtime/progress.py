"""Progress bars for people, and sparse lines for log files."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress_bar(
    iterable: Iterable | None, description: str, total: int | None = None, initial: int = 0
) -> tqdm:
    """A progress bar on standard error; `initial` steps were done before.

    On a terminal it moves; in a file or a pipe it is one line every 20 seconds, so that logs stay
    readable.
    """
    terminal = sys.stderr.isatty()
    return tqdm(
        iterable,
        desc=description,
        total=total,
        initial=initial,
        mininterval=0.2 if terminal else 20,
        maxinterval=10 if terminal else 60,
        file=sys.stderr if terminal else _Lines(),
        dynamic_ncols=terminal,
        ncols=None if terminal else 100,
        leave=False,
    )


class _Lines:
    """Turns tqdm's carriage returns into lines."""

    def write(self, text: str) -> None:
        text = text.strip("\r\n ")
        if text:
            sys.stderr.write(text + "\n")

    def flush(self) -> None:
        sys.stderr.flush()
