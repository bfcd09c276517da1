import json
import os

import numpy as np
import pytest

from synthwire.errors import InputError
from synthwire.io.files import (
    MemoryFile,
    atomic_directory,
    atomic_path,
    read_json,
    remove_left,
    sha256,
    sha256_of_json,
    write_json,
)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    target = tmp_path / "value.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["value.txt"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in (".summary.15463.partial.csv", ".lengths.7.partial.csv"):
        (tmp_path / name).write_text("half")
    kept = tmp_path / "partial.csv", tmp_path / ".synthwire.lock"
    for path in kept:
        path.write_text("whole")
    remove_left(tmp_path)
    assert set(tmp_path.iterdir()) == set(kept)


def test_a_failed_folder_leaves_the_old_folder_and_no_rest(tmp_path):
    target = tmp_path / "folder"
    with atomic_directory(target) as temporary:
        (temporary / "a").write_text("old")
    with pytest.raises(RuntimeError), atomic_directory(target) as temporary:
        (temporary / "a").write_text("half")
        raise RuntimeError
    assert (target / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["folder"]


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "folder"
    for name in ("a", "b"):
        with atomic_directory(target) as temporary:
            (temporary / name).touch()
    assert os.listdir(target) == ["b"]


def test_json_has_null_for_nan_and_plain_numbers_for_numpy(tmp_path):
    write_json(tmp_path / "x.json", {"a": float("nan"), "b": np.float32(0.5), "c": np.arange(2)})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": 0.5, "c": [0, 1]}


def test_hash_of_json_ignores_the_order_of_keys_and_sees_values():
    assert sha256_of_json({"a": 1, "b": 2}) == sha256_of_json({"b": 2, "a": 1})
    assert sha256_of_json({"a": 1, "b": 2}) != sha256_of_json({"a": 1, "b": 3})


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00"])
def test_broken_json_is_named(tmp_path, content):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="broken.json: not valid JSON"):
        read_json(path)
    with pytest.raises(InputError, match="missing.json: no such file"):
        read_json(tmp_path / "missing.json")


def test_json_that_is_not_on_disk_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("synthwire.io.files.LARGEST_JSON", 2)
    path = tmp_path / "a.json"
    path.write_bytes(b"[1]")
    assert read_json(path) == [1]
    assert read_json(MemoryFile("a.json", b"[]")) == []
    with pytest.raises(InputError, match="^a.json: more than 0 MiB of JSON$"):
        read_json(MemoryFile("a.json", b"[1]"))
