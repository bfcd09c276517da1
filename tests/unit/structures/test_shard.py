import pandas as pd
import pytest
from small_structures import SMALL, one_class

from synthwire.errors import InputError
from synthwire.structures.shard import generate_shard


def test_shards_hold_the_same_bytes_whatever_their_size(tmp_path):
    generate_shard(SMALL, 7, [0, 1, 2], tmp_path / "a")
    generate_shard(SMALL, 7, [2], tmp_path / "b")
    name = "scene_00002.tif"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    a, b = (pd.read_csv(tmp_path / folder / "particles.csv") for folder in "ab")
    rows = a[a["scene"] == 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, b)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    assert len(list((tmp_path / "a").iterdir())) == 4


def test_failed_shard_leaves_nothing(tmp_path):
    settings = {**one_class(thickness_ratio=1), "domain": [64, 64, 8], "max_attempts": 2}
    settings["populations"][0]["count"] = 40
    with pytest.raises(InputError, match=r"scene 0 .* in 2 tries; .*domain\[2\]"):
        generate_shard(settings, 0, [0], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
