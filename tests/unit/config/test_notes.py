"""The settings of the supplement's notes."""

from __future__ import annotations

import pytest

from synthwire.config.notes import read_notes
from synthwire.errors import InputError


def test_the_notes_of_the_project_are_read_and_can_be_changed(root):
    notes = read_notes(root / "config" / "supplement", {"note2": {"images": 3}})
    assert set(notes) >= {"note1", "note2", "note5", "ablations", "calibration"}
    assert notes["note2"]["images"] == 3
    assert notes["note2"]["bend_deg"] == [25, 45, 65]


def test_a_mistake_in_a_file_names_the_file(tmp_path):
    (tmp_path / "note5.yaml").write_text("size_px: [1, 2]\n")
    with pytest.raises(InputError, match=r"note5\.yaml: note5\.size_px: unknown key; .*sizes_px"):
        read_notes(tmp_path, {})


def test_a_mistake_in_the_configuration_names_its_section(tmp_path):
    with pytest.raises(InputError, match=r"supplement: calibration\.bins"):
        read_notes(tmp_path, {"calibration": {"bins": "many"}})


def test_what_is_no_yaml_is_said_in_one_line(tmp_path):
    (tmp_path / "note2.yaml").write_text("a: [1,\n")
    with pytest.raises(InputError, match=r"note2\.yaml: not valid YAML") as raised:
        read_notes(tmp_path, {})
    assert "\n" not in str(raised.value)
