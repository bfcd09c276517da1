"""Configuration files as they are written: each key once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from synthwire.errors import InputError


def check_keys(paths: Iterable[str | Path]) -> None:
    """InputError where a key stands twice in one mapping of a file; YAML's readers keep the last.

    Files of JSON are YAML, too.
    """
    for path in map(Path, paths):
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
            raise InputError(f"{path}: no YAML ({error})") from None
        if root is not None:
            _check(path, root, ())


def _check(path: Path, node: yaml.Node, place: tuple[str, ...]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _check(path, item, (*place, str(number)))
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines and name != "<<":
            field = ".".join((*place, name))
            raise InputError(
                f"{path}: {field} stands twice, in lines {lines[name]} and {line}; once is enough"
            )
        lines[name] = line
        _check(path, value, (*place, name))
