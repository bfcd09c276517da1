"""The record of the reproduction is that of the committed configuration."""

from __future__ import annotations

import importlib.util

import pytest

from synthwire.config import begun, models_table
from synthwire.io.files import read_json
from synthwire.runtime.records import SETTINGS, verify


@pytest.fixture
def make_record(root):
    spec = importlib.util.spec_from_file_location("make_record", root / "docs" / "make_record.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_files_are_as_they_were_written(make_record):
    found = verify(make_record.RECORD)
    assert (found.missing, found.changed, found.foreign) == ([], [], [])
    assert found.whole > 30


def test_its_settings_are_those_of_the_configuration(make_record, root, monkeypatch):
    monkeypatch.chdir(root)
    config = make_record.configuration()
    table = models_table.read_models(config["models"]["table"])
    rows = table.drop(columns=["weights_of", "changes"]).to_dict("index")
    changes = table["changes"].to_dict()
    rows = {model: {**row, "changes": changes[model]} for model, row in rows.items()}
    assert begun.settings_of_run(config, rows) == read_json(make_record.RECORD / SETTINGS)


def test_page_and_readme_show_what_is_stored(make_record, root, monkeypatch):
    monkeypatch.chdir(root)
    stored = make_record.RECORD / make_record.PAGE
    assert make_record.page() + "\n" == stored.read_text(encoding="utf-8")
    text = (root / "README.md").read_text(encoding="utf-8")
    assert make_record.readme(text) == text
    assert make_record.short_table() in text
