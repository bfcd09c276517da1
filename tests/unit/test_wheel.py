"""The library from its wheel: what it holds, what it asks for, and that it works from anywhere."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from synthwire.io.files import read_json
from synthwire.runtime.imports import LIBRARY, imported_names, library_files
from synthwire.schema import validate
from synthwire.structures.settings import resolve_settings
from synthwire.version import __version__

BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "workflow/synthwire")
# What training starts from, and what people read in the repository.
LEFT_OUT = {
    f"synthwire/learning/bundled/{name}" for name in ("bundled.pth", "bundled.json", "README.md")
}
LARGEST_WHEEL = 60_000_000  # bytes
CHECKS = Path(__file__).parents[1] / "installation.py"


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
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
    return path


def test_it_holds_what_the_tool_needs_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    metadata_folder = f"synthwire-{__version__}.dist-info/"
    held = {name for name in names if not name.startswith(metadata_folder)}
    tree = {
        path.relative_to(LIBRARY.parent).as_posix()
        for path in LIBRARY.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == tree - LEFT_OUT
    assert wheel.stat().st_size < LARGEST_WHEEL


def needed(wheel: Path, extra: str) -> dict[str, metadata.Distribution]:
    """Installed distributions that a wheel with an extra asks for, and what these ask for."""
    (itself,) = metadata.distributions(name="synthwire", path=[str(wheel)])
    found: dict[str, metadata.Distribution] = {}
    waiting = [(itself, extra)]
    while waiting:
        distribution, extra = waiting.pop()
        for line in distribution.requires or []:
            asked = Requirement(line)
            if asked.marker and not asked.marker.evaluate({"extra": extra}):
                continue
            name = normal(asked.name)
            if name not in found:
                found[name] = metadata.distribution(name)
                assert found[name].version in asked.specifier, line
                waiting += [(found[name], more) for more in asked.extras or [""]]
    return found


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel, and links to what it asks for, directly or not."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    link(needed(wheel, ""), folder)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    subprocess.run([*command, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    return folder


def link(distributions: dict[str, metadata.Distribution], environment: Path) -> None:
    (packages,) = environment.glob("lib/python*/site-packages")
    for distribution in distributions.values():
        tops = {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}
        for top in tops:
            if not (packages / top).exists():
                (packages / top).symlink_to(distribution.locate_file(top))


def checked(environment: Path, folder: Path, *parts: str) -> dict:
    """What the checks of an installation say, run in an empty folder."""
    done = subprocess.run(
        [str(environment / "bin" / "python"), "-I", str(CHECKS), *parts],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_works_in_an_empty_environment(environment, tmp_path):
    found = checked(environment, tmp_path, "tool")
    assert all(Path(name).is_relative_to(environment) for name in found["files"])
    assert found["preset"] == json.loads(json.dumps(resolve_settings({"preset": "paper"})))
    assert found["evaluation"] == validate({}, "evaluation.schema.yaml", "evaluation")
    card = read_json(LIBRARY / "learning" / "bundled" / "bundled.json")
    assert found["model_sha256"] == card["sha256"]


def test_the_app_works_with_its_extra(wheel, environment, tmp_path):
    link(needed(wheel, "app"), environment)
    checked(environment, tmp_path, "app")


# -- what it asks for -----------------------------------------------------------------------------

NOT_IN_THE_LOCK = {"detectron2", "napari"}  # envs/install_detectron2.py; the extra napari


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def declared(root) -> dict[str, set[str]]:
    """Distributions that the core and each extra ask for, with those of the core among the rest."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names(lines: list[str]) -> set[str]:
        found = set()
        for asked in map(Requirement, lines):
            if asked.name == "synthwire":
                found |= {name for extra in asked.extras for name in names(extras[extra])}
            else:
                found.add(normal(asked.name))
        return found

    core = names(project["dependencies"])
    return {"core": core} | {extra: core | names(lines) for extra, lines in extras.items()}


def distributions_of(*scripts: Path) -> set[str]:
    """Distributions that scripts import, directly or through the library, at whatever time."""
    files = {file for script in scripts for file in [script, *library_files(script)]}
    names = {name.partition(".")[0] for file in files for name in imported_names(file)}
    names -= {"synthwire", *sys.stdlib_module_names, *NOT_IN_THE_LOCK}
    found = metadata.packages_distributions()
    return {normal(found[name][0]) for name in names}


@pytest.mark.parametrize(
    ("scripts", "extras"),
    [
        ("workflow/synthwire/cli/*.py", ["train"]),
        ("workflow/synthwire/webapp/script/main.py", ["train", "app"]),
        ("workflow/scripts/*.py", ["train", "workflow"]),
        ("workflow/synthwire/**/*.py", ["all"]),
    ],
)
def test_it_asks_for_what_is_imported(root, declared, scripts, extras):
    asked_for = set().union(*(declared[extra] for extra in extras))
    assert distributions_of(*root.glob(scripts)) <= asked_for


def test_its_core_asks_for_nothing_that_is_not_imported(declared):
    assert declared["core"] <= distributions_of(*LIBRARY.rglob("*.py"))


def test_bounds_stand_in_the_project_and_exact_versions_in_the_lock_alone(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = [project["dependencies"], *project["optional-dependencies"].values()]
    for asked in map(Requirement, itertools.chain(*lines)):
        assert all(bound.operator in (">=", "<") for bound in asked.specifier), str(asked)
