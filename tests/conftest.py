"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Hypothesis and numba keep caches; two threads are what the smallest machine has.
os.environ.setdefault("OMP_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def schemas() -> Path:
    return ROOT / "config" / "schemas"
