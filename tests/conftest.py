"""What all tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# Hypothesis and numba keep caches; two threads are what the smallest machine has.
os.environ.setdefault("OMP_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parents[1]


# A shell's background job ignores Ctrl-C, and so would all that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT
