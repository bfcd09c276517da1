import hashlib

import pytest
from synthwire.errors import InputError
from synthwire.weights import carries_its_hash, fetch_coco_weights


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
