"""Reading the model table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from synthwire.errors import InputError
from synthwire.io.units import decode
from synthwire.schema import validate

ROW_SECTIONS = (
    "architecture",
    "training",
    "prediction",
)  # what a row of the model table can change


def read_models(
    paths: str | Path | Sequence[str | Path], select: Iterable[str] | None = None
) -> pd.DataFrame:
    """The model table, or several one after another, indexed by model name.

    Columns are those of the schema; `weights_of`, which is the row itself where the table says
    nothing; and `changes`: what a row changes in the config for itself, as
    {section: {field: value}}, from columns named `section.field` whose cell is not empty.
    InputError names the row and the field, a model that stands twice, and a selected model that
    the tables lack.
    """
    rows = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        rows += _read_rows(Path(path))
    table = pd.DataFrame(rows).set_index("model", drop=False)
    source = paths if isinstance(paths, str | Path) else ", ".join(map(str, paths))
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise InputError(f"{source}: model {twice[0]} stands twice; each row needs its own name")
    if select is not None:
        missing = [name for name in select if name not in table.index]
        if missing:
            raise InputError(
                f"models.select: no model {missing[0]} in {source}; "
                f"there are {', '.join(table.index)}"
            )
        table = table.loc[list(select)]
    return table


def _read_rows(path: Path) -> list[dict]:
    if not path.is_file():
        raise InputError(f"models.table: no file '{path}'")
    rows = []
    for number, cells in _read_cells(path):
        source = f"{path}: line {number} (model {cells.get('model', '')})"
        row: dict[str, Any] = {}
        changes: dict[str, dict] = {}
        for column, cell in cells.items():
            section, _, field = column.partition(".")
            if column == "weights_of":
                row[column] = cell or cells["model"]
            elif not field:
                row[column] = cell if column == "model" else _number(cell)
            elif section not in ROW_SECTIONS:
                raise InputError(
                    f"{path}: column {column}: a row may change {', '.join(ROW_SECTIONS)} alone"
                )
            elif cell:
                where = f"{source}: {column}"
                _set(changes.setdefault(section, {}), field, _value(cell, where), where)
        row = validate(row, "models.schema.yaml", source)
        rows.append({"weights_of": row["model"], **row, "changes": changes})
    if not rows:
        raise InputError(f"{path}: no rows")
    return rows


def _read_cells(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells of each line of a table, by column; what follows a # is a comment."""
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    names: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.partition("#")[0]
        if not line.strip():
            continue
        try:
            (cells,) = csv.reader([line], delimiter="\t", strict=True)
        except (csv.Error, ValueError):
            raise InputError(
                f"{path}: line {number}: quotes that do not end; a table of tab-separated cells "
                "is expected"
            ) from None
        if not names:
            names = cells
            if "model" not in names:
                raise InputError(
                    f"{path}: no column 'model' in line {number}; a table of tab-separated columns "
                    "is expected"
                )
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise InputError(f"{path}: column '{twice[0]}' stands twice")
        elif len(cells) != len(names):
            raise InputError(
                f"{path}: line {number}: {len(cells)} cells, where there are {len(names)} columns"
            )
        else:
            yield number, dict(zip(names, cells, strict=True))
    if not names:
        raise InputError(f"{path}: empty; a line of column names and a line a model are expected")


def _value(cell: str, source: str) -> Any:
    try:
        return yaml.safe_load(cell)
    except (yaml.YAMLError, ValueError, RecursionError):  # as of a date that is none
        raise InputError(f"{source}: '{cell}' is no YAML value; a list is [1, 2]") from None


def _set(section: dict, field: str, value: Any, source: str) -> None:
    """Set a field that may lie deeper: `augmentation.flip_probability`."""
    *folders, name = field.split(".")
    for folder in folders:
        section = section.setdefault(folder, {})
        if not isinstance(section, dict):
            raise InputError(f"{source}: another column sets the whole of '{folder}'; keep one")
    section[name] = value


def with_changes(settings: Mapping, changes: Mapping) -> dict:
    """A section of the config with a row's changes in it; neither argument is changed."""
    merged = dict(settings)
    for name, value in changes.items():
        inner = merged.get(name)
        if isinstance(value, Mapping) and isinstance(inner, Mapping):
            value = with_changes(inner, value)
        merged[name] = value
    return merged


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def describe_changes(changes: Mapping) -> str:
    """A row's changes in words: "architecture.mask_resolution_px 56"; empty for none."""

    def fields(path: str, value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                yield from fields(f"{path}.{name}", inner)
        else:
            yield f"{path} {value}"

    return ", ".join(text for name, value in changes.items() for text in fields(name, value))
