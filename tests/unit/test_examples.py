"""The examples that users are shown, run as they stand."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import numpy as np
import pytest
from tiny_model import wires

from synthwire import segment
from synthwire.io.outlines import fill
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


@pytest.fixture
def napari_view(root):
    path = root / "examples" / "napari_view.py"
    spec = importlib.util.spec_from_file_location("napari_view", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_napari_gets_the_particles_in_place(napari_view):
    result = segment(wires(), pixel_size_nm=(6, 8), threshold=0.13, device="cpu")
    (image, image_options, image_type), (polygons, options, shape_type) = napari_view.layers(result)
    assert (image_type, shape_type) == ("image", "shapes")
    assert (image == result.image).all()
    assert image_options["scale"] == options["scale"] == (6, 8)
    assert len(polygons) == len(options["features"]) == len(options["edge_color"])
    assert set(options["features"]["id"]) == set(result.ids)
    largest = result.particles["area_px"].idxmax()
    mask = np.zeros_like(result.masks[largest])
    for polygon, number in zip(polygons, options["features"]["id"], strict=True):
        if number == result.particles["id"][largest]:
            mask ^= fill(polygon[:, ::-1] + 0.5, mask.shape)
    agree = (mask & result.masks[largest]).sum() / (mask | result.masks[largest]).sum()
    assert agree > 0.9


def test_napari_shows_what_the_command_line_wrote(napari_view, tmp_path):
    write_stack(tmp_path / "wires.tif", [wires()], pixel_size_nm=6)
    result = segment(tmp_path / "wires.tif", threshold=0.13, device="cpu")
    result.save(tmp_path / "wires")
    again = napari_view.read_result(tmp_path / "wires", tmp_path / "wires.tif")
    assert again.ids == result.ids
    assert (again.image == result.image).all()


@pytest.mark.skipif(importlib.util.find_spec("napari") is not None, reason="napari is installed")
def test_without_napari_it_says_how_to_get_it(root, tmp_path):
    write_stack(tmp_path / "wires.tif", [wires()])
    done = subprocess.run(
        [sys.executable, root / "examples" / "napari_view.py", tmp_path / "wires.tif"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == 'napari is not installed: pip install "napari[all]"'
