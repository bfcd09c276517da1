"""The settings that a run was begun with, beside its results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthwire.errors import InputError
from synthwire.io.files import read_json, write_json
from synthwire.learning.identity import RUN_SETTINGS
from synthwire.runtime.records import SETTINGS

# Parts of the config that change no result but drawings and notes beside the study.
ASIDE = ("name", "keep_settings", "figures", "supplement")


def settings_of_run(config: Mapping, rows: Mapping[str, Mapping]) -> dict[str, Any]:
    """What decides a run's models and tables, as it is stored.

    config: complete; rows: of the model table, by model, with their changes.
    """
    settings = {name: value for name, value in config.items() if name not in ASIDE}
    settings["training"] = {
        name: value for name, value in config["training"].items() if name not in RUN_SETTINGS
    }
    settings["models"] = {"evaluated": config["models"]["evaluated"]}
    settings["rows"] = rows  # in place of the tables that they stand in
    return json.loads(json.dumps(settings))


def keep_settings(run: Path, own: Mapping[str, Any]) -> None:
    """Store the settings of a run that begins; refuse to go on with one of other settings.

    More rows of the model table are more models beside those that are there, and join the stored
    settings. run: its folder; own: of `settings_of_run`. InputError names the first setting that
    differs.
    """
    file = run / SETTINGS
    if not file.exists():
        write_json(file, own, indent=1)
        return
    begun = read_json(file)
    if not isinstance(begun, dict):
        raise InputError(
            f"{file}: not what the run has written there; remove {run} to start anew, or this file "
            "to go on with the settings as they are now"
        )
    more_rows = {**own["rows"], **begun.get("rows", {})}
    different = list(_differences({**begun, "rows": more_rows}, own))
    if not different and begun != own:
        write_json(file, own, indent=1)
    if different:
        more = len(different) - 1
        others = f", and {more} more {'setting' if more == 1 else 'settings'}" if more else ""
        raise InputError(
            f"{run}: begun with {different[0]}{others}; restore what it was to go on, remove the "
            f"folder to start anew (rm -r {run}), or remove {file} to have all repeated that the "
            "change concerns"
        )


def _differences(begun: Any, own: Any, place: tuple[str, ...] = ()) -> Iterator[str]:
    """Each field in which two settings differ, with what it was and what it is."""
    if isinstance(begun, Mapping) and isinstance(own, Mapping):
        for name in dict.fromkeys([*begun, *own]):
            yield from _differences(begun.get(name), own.get(name), (*place, name))
    elif begun != own:
        yield f"{'.'.join(place)} {_short(begun)}, now {_short(own)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
