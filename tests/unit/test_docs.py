"""The documentation's sources: what they show works, and what they are made from is all there."""

from __future__ import annotations

import importlib.util
import re
import sys
import textwrap

import numpy as np
import pytest
import yaml
from tiny_model import wires

from synthwire.imaging.microscopes.base import Microscope
from synthwire.imaging.projection import View
from synthwire.io.stacks import write_stack
from synthwire.structures.shapes.base import Shape


def python_blocks(path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"^( *)```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


@pytest.fixture
def extensions(root, monkeypatch):
    """The classes that the page on extending shows, by name."""
    classes = {}
    for number, block in enumerate(python_blocks(root / "docs" / "extending.md")):
        module = type(sys)(f"documented_{number}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(block, "docs/extending.md", "exec"), module.__dict__)
        classes |= {name: item for name, item in vars(module).items() if isinstance(item, type)}
    return classes


def test_the_documented_shape_is_one(extensions):
    shape = extensions["Spindle"]()
    particle = shape.build(120.0, 24.0, 14.0, np.random.default_rng(0))
    widths = particle.bodies[0].half_width
    assert isinstance(shape, Shape)
    assert widths[len(widths) // 2] > 2 * widths[0]


def test_the_documented_microscope_is_one(extensions):
    microscope = extensions["Plain"]()
    labels = np.zeros((4, 16, 20), np.uint8)
    labels[:2, 4:8] = 1
    image = microscope.acquire(View.of(labels), 100.0, np.random.default_rng(0))
    assert isinstance(microscope, Microscope)
    assert image.dtype == np.uint8
    assert image[4:8].mean() > image[:4].mean() + 50


@pytest.mark.usefixtures("tiny_bundled")
def test_the_documented_python_runs(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_stack(tmp_path / "wires.tif", [wires()])
    for page in ("images.md", "measuring.md"):
        for block in python_blocks(root / "docs" / page):
            exec(compile(block, f"docs/{page}", "exec"), {})
    assert (tmp_path / "wires" / "particles.csv").is_file()


def test_every_setting_stands_on_the_page_of_settings(root):
    spec = importlib.util.spec_from_file_location("page", root / "docs" / "settings_page.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    shown = set(re.findall(r"^\| `([^`]+)` ", page.make(), re.MULTILINE))
    shown = {part.removesuffix("[]") for name in shown for part in name.split(".")}
    shown |= set(re.findall(r"^## (\w+)", page.make(), re.MULTILINE))
    fields = set()
    for path in (root / "workflow" / "synthwire" / "schema").glob("*.schema.yaml"):
        fields |= set(_fields_of(yaml.safe_load(path.read_text(encoding="utf-8"))))
    # `source` names an image set's table; the last three are choices of one field
    assert fields - shown == {"source", "percentile", "region"}


def _fields_of(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for inner in schema.values():
            yield from _fields_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _fields_of(inner)
