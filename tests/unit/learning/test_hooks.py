"""What goes on beside the steps of a training."""

from __future__ import annotations

import torch

from synthwire.learning.hooks import newest_checkpoint


def test_a_broken_checkpoint_falls_back_to_the_one_before(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    for iteration in (1, 3, 5):
        torch.save(
            {"model": {"w": torch.full((999,), float(iteration))}},
            tmp_path / f"model_{iteration:07d}.pth",
        )
    newest = tmp_path / "model_0000005.pth"
    newest.write_bytes(newest.read_bytes()[:-300])
    (tmp_path / "model_0000003.pth").write_bytes(b"")
    assert newest_checkpoint(tmp_path)["model"]["w"][0] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model_0000001.pth"]
