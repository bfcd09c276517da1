"""The Python that users are shown, run as it stands."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tiny_model import wires

from synthwire.io.stacks import write_stack

pytestmark = pytest.mark.usefixtures("tiny_bundled")


def python_blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_readmes_python_runs(root, tmp_path, monkeypatch):
    """All Python of the README, on an image of the name that it uses."""
    blocks = python_blocks((root / "README.md").read_text(encoding="utf-8"))
    blocks = [block for block in blocks if "from synthwire import segment" in block]
    assert blocks, "the README shows no Python that segments an image"
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        for name in re.findall(r'"([\w-]+\.tif)"', block):
            write_stack(tmp_path / name, [wires()])
        names: dict = {}
        exec(compile(block, "README.md", "exec"), names)
        assert sum(map(bool, block.splitlines())) <= 5
        tables = [value for value in names.values() if type(value).__name__ == "DataFrame"]
        arrays = [value for value in names.values() if isinstance(value, np.ndarray)]
        assert len(tables[0]) == len(arrays[0])
