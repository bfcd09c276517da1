"""Which files of the library a script runs, told from the imports in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]


def module_file(name: str) -> Path | None:
    """The library's file of a dotted name such as synthwire.io.files; None for any other name."""
    path = LIBRARY.parent.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file() and candidate.is_relative_to(LIBRARY):
            return candidate
    return None


def imported_names(path: Path, *, within_functions: bool = True) -> frozenset[str]:
    """Dotted names that a Python file imports; of a package's modules their own names.

    within_functions: also what functions import when they are called. Imports for type checkers
    alone do not count.
    """
    return _imported_names(path, path.stat().st_mtime_ns, within_functions)


@cache
def _imported_names(path: Path, _changed: int, within_functions: bool) -> frozenset[str]:
    names = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")).body, within_functions):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path}: line {node.lineno}: a relative import")
            names.add(node.module)
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in below if module_file(name)}
    return frozenset(names)


def _statements(body: list[ast.stmt], within_functions: bool) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if within_functions or not isinstance(node, ast.FunctionDef):
            children = [
                child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)
            ]
            yield from _statements(children, within_functions)


def library_files(script: Path) -> list[Path]:
    """The library's files that a script imports, directly or through others, in order."""
    waiting: list[Path] = [script]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        for name in imported_names(path):
            parts = name.split(".")
            # importing a.b.c runs a and a.b as well
            files = {module_file(".".join(parts[:n])) for n in range(1, len(parts) + 1)}
            new = {file for file in files if file} - found
            found |= new
            waiting += new
    return sorted(found)
