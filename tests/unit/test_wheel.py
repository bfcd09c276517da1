"""The library from its wheel: what it holds, what it asks for, and that it works from anywhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from synthwire.io.files import read_json
from synthwire.runtime.imports import LIBRARY, imported_names, library_files
from synthwire.schema import validate
from synthwire.structures.settings import resolve_settings
from synthwire.version import __version__

BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "workflow/synthwire")
# Runs in a process of its own, in an empty folder, with nothing but the unpacked wheel of us.
ELSEWHERE = """
import json, sys
wheel, sample, out = sys.argv[1:]
sys.path.insert(0, wheel)
from synthwire.cli import main
from synthwire.schema import validate
from synthwire.structures.settings import resolve_settings
from synthwire.webapp.assets import ICON, SCRIPT, WORDMARK
from synthwire.webapp.catalogue import samples
assert main(["segment", sample, "--out", out, "--device", "cpu"]) == 0
found = {
    "evaluation": validate({}, "evaluation.schema.yaml", "evaluation"),
    "preset": resolve_settings({"preset": "paper"}),
    "samples": [sample.outlines().name for sample in samples()],
    "assets": [path.is_file() for path in (ICON, SCRIPT, WORDMARK)],
    "modules": [
        module.__file__
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "synthwire" and getattr(module, "__file__", None)
    ],
}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> zipfile.ZipFile:
    """The wheel, built from a copy, so that no rest of an earlier build gets in."""
    source = tmp_path_factory.mktemp("source")
    for name in BUILT_FROM:
        (source / name).parent.mkdir(exist_ok=True)
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / name, source / name, ignore=ignored)
        else:
            shutil.copy(root / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", str(target), str(source)], check=True
    )
    (path,) = target.iterdir()
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_it_holds_the_library_and_nothing_else(wheel):
    metadata_folder = f"synthwire-{__version__}.dist-info/"
    held = {name for name in wheel.namelist() if not name.startswith(metadata_folder)}
    tree = {
        path.relative_to(LIBRARY.parent).as_posix()
        for path in LIBRARY.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == tree


def test_it_works_from_anywhere(wheel, tmp_path):
    """--version, a segmentation with the bundled weights, a schema, a preset, the app's files."""
    wheel.extractall(tmp_path / "installed")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    sample = tmp_path / "installed" / "synthwire" / "webapp" / "samples" / "optical-density.tif"

    def run(program: str, *arguments: str) -> str:
        command = [sys.executable, "-I", "-c", program, str(tmp_path / "installed"), *arguments]
        return subprocess.run(
            command, cwd=elsewhere, check=True, capture_output=True, text=True
        ).stdout

    start = (
        "import sys; sys.path.insert(0, sys.argv.pop(1));"
        "from synthwire.cli import main; sys.exit(main())"
    )
    assert run(start, "--version") == f"synthwire {__version__}\n"
    found = json.loads(run(ELSEWHERE, str(sample), "results").splitlines()[-1])
    assert all(Path(name).is_relative_to(tmp_path / "installed") for name in found["modules"])
    assert found["preset"] == json.loads(json.dumps(resolve_settings({"preset": "paper"})))
    assert found["evaluation"] == validate({}, "evaluation.schema.yaml", "evaluation")
    assert all(found["assets"])
    assert len(found["samples"]) == 3
    result = elsewhere / "results" / "optical-density"
    card = read_json(LIBRARY / "learning" / "bundled" / "bundled.json")
    assert read_json(result / "coco.json")["info"]["model_sha256"] == card["sha256"]
    assert len((result / "particles.csv").read_text().splitlines()) > 10


# -- what it asks for -----------------------------------------------------------------------------

INSTALLED_BY_US = {"detectron2"}  # envs/install_detectron2.py
WITHOUT_AN_IMPORT = {"imagecodecs"}  # tifffile reads compressed images with it


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def declared(root) -> dict[str, set[str]]:
    """Distributions that the core and each extra ask for, with those of the core among the rest."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    def names(lines: list[str]) -> set[str]:
        return {normal(re.match(r"[\w.-]+", line).group()) for line in lines}

    core = names(project["dependencies"])
    return {"core": core} | {
        extra: core | names(lines) for extra, lines in project["optional-dependencies"].items()
    }


def distributions_of(*scripts: Path) -> set[str]:
    """Distributions that scripts import, directly or through the library, at whatever time."""
    files = {file for script in scripts for file in [script, *library_files(script)]}
    names = {name.partition(".")[0] for file in files for name in imported_names(file)}
    names -= {"synthwire", *sys.stdlib_module_names, *INSTALLED_BY_US}
    found = metadata.packages_distributions()
    return {normal(found[name][0]) for name in names}


@pytest.mark.parametrize(
    ("scripts", "extras"),
    [
        ("workflow/synthwire/cli/*.py", ["learning"]),
        ("workflow/synthwire/webapp/script/main.py", ["learning", "app"]),
        ("workflow/scripts/*.py", ["learning", "workflow"]),
        ("workflow/synthwire/**/*.py", ["learning", "app", "workflow"]),
    ],
)
def test_it_asks_for_what_is_imported(root, declared, scripts, extras):
    asked_for = set().union(*(declared[extra] for extra in extras))
    assert distributions_of(*root.glob(scripts)) <= asked_for


def test_its_core_asks_for_nothing_that_is_not_imported(declared):
    assert declared["core"] - distributions_of(*LIBRARY.rglob("*.py")) == WITHOUT_AN_IMPORT
