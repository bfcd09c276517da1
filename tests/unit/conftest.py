"""What several unit tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory):
    """Folder of a tiny model in the form of the bundled one."""
    from tiny_model import write_bundled

    return write_bundled(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def tiny_bundled(tiny_weights, monkeypatch):
    """The tiny model in the bundled one's place, also for processes that a test starts."""
    monkeypatch.setenv("SYNTHWIRE_WEIGHTS", str(tiny_weights))
    return tiny_weights


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Folder of small stand-in results."""
    import standin_results

    return standin_results.make_results(tmp_path_factory.mktemp("results"), size=96, scenes=3)
