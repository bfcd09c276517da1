"""Ctrl-C and requests to end (SIGTERM): a clean end, wherever they fall.

An exception that a signal raises can fall into the import of a compiled module, which turns it into
another error and stays half loaded. So it is remembered that there was a request, and what is to
end whole lets the request wait. Where Python drops exceptions, as in what it calls when an object
is freed, the request is made again.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.02  # after which the finaliser that a request fell into is over
Item = TypeVar("Item")


class Stop(KeyboardInterrupt):
    """This process has been asked to end."""


class _State:
    requested: int | None = None  # number of the signal that asked for it
    waits = False


def heed_signals() -> None:
    """Let signals to end raise `Stop`, and KeyboardInterrupt from the second on.

    What this process ignores stays ignored.
    """
    _State.requested = None
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _request)
    sys.unraisablehook = _dropped


def _request(number: int, _: FrameType | None) -> None:
    first = _State.requested is None
    _State.requested = number
    if not first:
        raise KeyboardInterrupt
    if not _State.waits:
        raise Stop


def _dropped(lost: sys.UnraisableHookArgs) -> None:
    """Make a request again that was raised where Python drops exceptions."""
    number = _State.requested
    if number is None or not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    _State.requested = None
    again = threading.Timer(AGAIN_S, _ask, [threading.get_ident(), number])
    again.daemon = True
    again.start()


def _ask(thread: int, number: int) -> None:
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:  # only so is a sleep of the thread cut short
        signal.pthread_kill(thread, number)


def requested() -> int | None:
    """Number of the signal that has asked this process to end; None for none."""
    return _State.requested


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within the block the first request waits until `heed` or `sleep` is called."""
    _State.waits = True
    try:
        yield
    finally:
        _State.waits = False


def heed() -> None:
    """`Stop` where there has been a request."""
    if _State.requested is not None:
        raise Stop


def heeding(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with `heed` before each."""
    for item in items:
        heed()
        yield item


def sleep(seconds: float) -> None:
    """Sleep until a request comes, `undisturbed` or not."""
    waits, _State.waits = _State.waits, False
    try:
        heed()
        time.sleep(seconds)
    finally:
        _State.waits = waits
