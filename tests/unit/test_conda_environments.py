"""Each rule's conda environment holds what its script imports, directly or through the library."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "workflow" / "synthwire"
# Without a pin of its own: comes with the environment's post-deploy script.
INSTALLED_AFTERWARDS = {"learning": {"detectron2"}}


def jobs() -> list[tuple[str, str]]:
    """Environment and script of every rule that has both."""
    pattern = r'conda:\s+"\.\./envs/(\w+)\.yaml".*?script:\s+"\.\./workflow/scripts/(\w+)\.py"'
    found = [
        pair
        for path in sorted((ROOT / "rules").glob("*.smk"))
        for pair in re.findall(pattern, path.read_text(), re.S)
    ]
    return sorted(set(found))


def module_file(name: str) -> Path | None:
    """The library's file of a dotted name such as synthwire.optics."""
    path = LIBRARY.parent.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when a file is imported: all but those within functions."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.If):
            yield from executed([n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)])


@cache
def imported(path: Path) -> frozenset[str]:
    """Dotted names that a file imports when it is imported itself, our own modules in full."""
    names = set()
    for node in executed(ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names.add(node.module)
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in below if module_file(name)}
    return frozenset(names)


def third_party(script: Path) -> set[str]:
    """Top-level packages that a script needs and that neither Python nor we provide."""
    todo, seen, found = [script], set(), set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imported(path):
            top = name.partition(".")[0]
            if top == "synthwire":
                todo += filter(None, [module_file(name)])
            elif top not in sys.stdlib_module_names:
                found.add(top)
    return found


@cache
def packages_of(environment: str) -> frozenset[str]:
    """Packages that an environment pins, and those that they bring along."""
    declared = yaml.safe_load((ROOT / "envs" / f"{environment}.yaml").read_text())["dependencies"]
    (from_pip,) = [item["pip"] for item in declared if isinstance(item, dict)]
    pinned = [line.split("==")[0] for line in from_pip]
    brought = [
        line for name in pinned for line in metadata.requires(name) or [] if "extra" not in line
    ]
    names = [*pinned, *(re.match(r"[\w.-]+", line).group() for line in brought)]
    return frozenset(name.lower() for name in names) | INSTALLED_AFTERWARDS.get(environment, set())


@pytest.fixture(scope="module")
def distributions() -> dict[str, list[str]]:
    return metadata.packages_distributions()


@pytest.mark.parametrize(("environment", "script"), jobs())
def test_a_rules_environment_holds_what_its_script_imports(environment, script, distributions):
    missing = {
        name
        for name in third_party(ROOT / "workflow" / "scripts" / f"{script}.py")
        if not {name.lower(), *map(str.lower, distributions.get(name, []))}
        & packages_of(environment)
    }
    assert not missing
