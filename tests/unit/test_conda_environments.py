"""Each rule's conda environment holds what its script imports, directly or through the library."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from synthwire.runtime.imports import imported_names, library_files

ROOT = Path(__file__).resolve().parents[2]
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


def third_party(script: Path) -> set[str]:
    """Top-level packages that a script needs and that neither Python nor we provide."""
    files = [script, *library_files(script)]
    names = {
        name.partition(".")[0]
        for file in files
        for name in imported_names(file, within_functions=False)
    }
    return names - {"synthwire"} - set(sys.stdlib_module_names)


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
