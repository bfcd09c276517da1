"""What the tests of trained networks share."""

from __future__ import annotations

import pytest
import yaml
from tiny_data import make_data

from synthwire.config import checks


@pytest.fixture(scope="session")
def config(root):
    """config/test.yaml with all defaults."""
    return checks.resolve(yaml.safe_load((root / "config" / "test.yaml").read_text()))


@pytest.fixture(scope="session")
def data(config, tmp_path_factory):
    """Folder of three training images and one validation image."""
    return make_data(config, tmp_path_factory.mktemp("data"), scenes=4)
