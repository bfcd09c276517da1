import hashlib

import pytest

from synthwire.errors import InputError
from synthwire.io.files import sha256, write_json
from synthwire.learning.weights import (
    WEIGHTS_VARIABLE,
    bundled,
    carries_its_hash,
    fetch_coco_weights,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    (tmp_path / "bundled.pth").write_bytes(b"weights")
    write_json(
        tmp_path / "bundled.json",
        {
            "name": "tiny",
            "architecture": {},
            "prediction": {},
            "nms_threshold": 0.7,
            "categories": [],
            "sha256": sha256(tmp_path / "bundled.pth"),
        },
    )
    return tmp_path


def test_the_bundled_model_is_found_with_its_card(folder):
    found = bundled()
    assert found.weights == folder / "bundled.pth"
    assert found.card["name"] == "tiny"


def test_a_bundled_model_that_is_not_whole_is_refused(folder):
    card = (folder / "bundled.json").read_text()
    (folder / "bundled.json").write_text(card.replace("nms_threshold", "nms"))
    with pytest.raises(InputError, match=r"bundled\.json: the field 'nms_threshold' is missing"):
        bundled()
    (folder / "bundled.json").write_text(card)
    (folder / "bundled.pth").write_bytes(b"other weights")
    with pytest.raises(
        InputError, match=r"bundled\.pth: not the file that bundled\.json describes"
    ):
        bundled()
    (folder / "bundled.pth").unlink()
    with pytest.raises(InputError, match=r"bundled\.pth: no such file"):
        bundled()


def test_the_name_carries_the_first_digits_of_the_hash(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"weights")
    for kind in ("sha256", "md5"):
        digits = hashlib.new(kind, b"weights").hexdigest()[:6]
        assert carries_its_hash(path, f"model_final_{digits}.pkl")
    assert not carries_its_hash(path, "model_final_f10217.pkl")


def test_a_local_file_that_is_not_the_published_one_is_refused(tmp_path):
    local = tmp_path / "mine.pkl"
    local.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"mine\.pkl: not the published file"):
        fetch_coco_weights(tmp_path / "out" / "model_final_f10217.pkl", local)
    assert list((tmp_path / "out").iterdir()) == []
