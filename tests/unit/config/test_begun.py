"""A run goes on with the settings that it was begun with."""

from __future__ import annotations

from copy import deepcopy

import pytest

from synthwire.config import begun
from synthwire.errors import InputError
from synthwire.runtime.records import SETTINGS

CONFIG = {
    "name": "run",
    "keep_settings": True,
    "seed": 1,
    "structures": {"scenes": 8, "domain": (64, 64, 40)},
    "training": {"schedule": "cosine", "gpus": 1, "threads": None},
    "figures": {"attached": None},
    "models": {"table": "models.tsv", "select": None, "evaluated": {}},
}
ROWS = {"01": {"learning_rate": 0.02, "changes": {}}}


def begin(folder, config=CONFIG, rows=ROWS):
    begun.keep_settings(folder, begun.settings_of_run(config, rows))


def changed(*path, value):
    config = deepcopy(CONFIG)
    inner = config
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return config


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        changed("name", value="other"),
        changed("training", "threads", value=2),
        changed("figures", "attached", value="sem"),
    ],
)
def test_what_changes_no_result_may_change(tmp_path, config):
    begin(tmp_path)
    begin(tmp_path, config)


@pytest.mark.parametrize(
    ("config", "rows", "words"),
    [
        (changed("seed", value=7), ROWS, "begun with seed 1, now 7; restore"),
        (changed("structures", "scenes", value=9), ROWS, "structures.scenes 8, now 9"),
        (changed("training", "schedule", value="constant"), ROWS, 'schedule "cosine", now "const'),
        (CONFIG, {"01": {**ROWS["01"], "learning_rate": 0.01}}, "rows.01.learning_rate 0.02, now"),
        (CONFIG, {}, "rows.01 {"),
        (
            {**changed("seed", value=7), "structures": {}},
            ROWS,
            "seed 1, now 7, and 2 more settings",
        ),
    ],
)
def test_another_setting_is_named_with_what_to_do(tmp_path, config, rows, words):
    begin(tmp_path)
    before = (tmp_path / SETTINGS).read_text()
    with pytest.raises(InputError) as caught:
        begin(tmp_path, config, rows)
    assert words in str(caught.value)
    assert f"rm -r {tmp_path}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (tmp_path / SETTINGS).read_text() == before


def test_more_rows_join_those_that_are_there(tmp_path):
    begin(tmp_path)
    more = {**ROWS, "02": {"learning_rate": 0.01, "changes": {}}}
    begin(tmp_path, changed("models", "table", value=["models.tsv", "more.tsv"]), more)
    with pytest.raises(InputError, match="rows.02 {"):
        begin(tmp_path)


def test_a_damaged_record_of_the_settings_is_named(tmp_path):
    (tmp_path / SETTINGS).write_text("[]")
    with pytest.raises(InputError, match="settings.json: not what the run has written"):
        begin(tmp_path)
