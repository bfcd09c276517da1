"""What other tests make, for the faults: a tiny model, files of many formats, a running app."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / room) for room in ("unit", "unit/io", "app")]


@pytest.fixture(scope="session")
def tiny_bundled(tmp_path_factory):
    """The tiny model in the bundled one's place, also for processes that a test starts."""
    from tiny_model import write_bundled

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHWIRE_WEIGHTS", str(write_bundled(tmp_path_factory.mktemp("weights"))))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
