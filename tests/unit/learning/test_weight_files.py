"""Files of weights: nothing in them is run, damage is seen, the same weights are the same bytes."""

from __future__ import annotations

import hashlib
import os
import pickle

import numpy as np
import pytest
import torch

from synthwire.errors import InputError
from synthwire.learning import weight_files
from synthwire.learning.weight_files import WeightsLoader, read_weights, write_weights

STATE = {"weight": torch.linspace(-1, 1, 5000), "count": torch.tensor(7)}


class Trap:
    """Makes a file where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """Writes what it is given as a pickle that carries the hash of the zoo's file."""

    def write(content) -> object:
        path = tmp_path / "model_final_f10217.pkl"
        path.write_bytes(pickle.dumps(content, protocol=2))
        digits = hashlib.sha256(path.read_bytes()).hexdigest()[:6]
        monkeypatch.setattr(weight_files, "COCO_WEIGHTS_URL", f"https://zoo/model_{digits}.pkl")
        return path

    return write


def test_the_same_weights_are_the_same_bytes_whatever_the_file_is_called(tmp_path):
    for name in ("a.pth", "some_other_name.pth"):
        write_weights(tmp_path / name, {"model": STATE})
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "some_other_name.pth").read_bytes()
    assert read_weights(tmp_path / "a.pth")["model"]["count"] == 7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pth", "some_other_name.pth"]


def test_a_bare_state_is_one_too(tmp_path):
    torch.save(STATE, tmp_path / "a.pth")
    assert set(read_weights(tmp_path / "a.pth")["model"]) == set(STATE)


@pytest.mark.parametrize("suffix", [".pkl", ".pth", ".pyth", ".PKL"])
def test_a_pickle_from_elsewhere_is_refused_and_does_not_run(tmp_path, suffix):
    mark = tmp_path / "ran"
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(pickle.dumps({"model": {"weight": Trap(mark)}}))
    with pytest.raises(InputError, match=rf"weights{suffix}: .*could run anything"):
        WeightsLoader(torch.nn.Linear(1, 1)).load(str(path))
    torch.save({"model": STATE, "more": Trap(mark)}, path)
    with pytest.raises(InputError, match=rf"weights{suffix}: .*could run anything"):
        read_weights(path)
    assert not mark.exists()


def test_of_the_zoos_pickle_numbers_alone_are_read(zoo, tmp_path):
    state = {"weight": np.linspace(-1, 1, 50, dtype=np.float32)}
    content = {"model": state, "__author__": "Detectron2", "trap": Trap(tmp_path / "ran")}
    read = read_weights(zoo(content))
    np.testing.assert_array_equal(read["model"]["weight"], state["weight"])
    assert not (tmp_path / "ran").exists()


def test_every_damage_is_seen(tmp_path):
    path = tmp_path / "model_final.pth"
    write_weights(path, {"model": STATE})
    whole = path.read_bytes()
    start = whole.index(STATE["weight"].numpy().tobytes())
    flipped = bytearray(whole)
    flipped[start + 9999] ^= 1
    for content in (b"", b"weights", whole[: len(whole) // 2], whole[:-100], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"model_final\.pth: .*damaged"):
            read_weights(path)
    path.unlink()
    with pytest.raises(InputError, match=r"model_final\.pth: no such file"):
        read_weights(path)


@pytest.mark.parametrize("content", [{}, [1, 2], {"model": {"name": "text"}}, {"a": 1}, 3])
def test_what_holds_no_parameters_is_no_file_of_weights(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"a\.pth: no weights"):
        read_weights(tmp_path / "a.pth")
