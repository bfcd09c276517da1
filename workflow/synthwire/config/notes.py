"""The settings of the supplement's notes: one file a note in config/supplement."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import yaml

from synthwire.config.models_table import with_changes
from synthwire.errors import InputError
from synthwire.schema import validate


def read_notes(folder: str | os.PathLike, overrides: Mapping) -> dict:
    """All notes' settings, defaults filled in: {note: settings}.

    folder: with note1.yaml and so on; overrides: the config's section `supplement`, laid over them.
    InputError names the file or the field that is wrong.
    """
    found: dict = {}
    for path in sorted(Path(folder).glob("*.yaml")):
        try:
            own = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
        found[path.stem] = own or {}
        validate({path.stem: deepcopy(found[path.stem])}, "supplement.schema.yaml", str(path))
    return validate(with_changes(found, overrides), "supplement.schema.yaml", "supplement")
