"""The workflow under faults: killed at any moment, its results damaged, its disk full.

SYNTHWIRE_KILLS says how often it is killed (3), SYNTHWIRE_FAULT_TARGET what is asked of it.
"""

from __future__ import annotations

import os
import random
import time

import numpy as np
import pytest
from small_run import SmallRun

from synthwire.runtime.records import verify

KILLS = int(os.environ.get("SYNTHWIRE_KILLS", "3"))
TARGET = os.environ.get("SYNTHWIRE_FAULT_TARGET", "train")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run that nothing happened to, and how many seconds it took."""
    run = SmallRun(tmp_path_factory.mktemp("undisturbed"))
    start = time.monotonic()
    done = run(TARGET)
    assert done.returncode == 0, done.stderr[-4000:]
    return run, time.monotonic() - start


def test_after_kills_the_same_command_ends_with_the_same_results(undisturbed, tmp_path):
    whole, seconds = undisturbed
    run = SmallRun(tmp_path)
    moments = random.Random(20)
    kills = sum(
        run.killed_after(moments.uniform(0.1, 1) * seconds / 2, TARGET) for _ in range(KILLS)
    )
    assert kills
    done = run(TARGET)
    assert done.returncode == 0, done.stderr[-4000:]
    assert run.data() == whole.data()
    weights, expected = run.weights(), whole.weights()
    assert weights.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(weights[name], value, rtol=1e-3, atol=1e-5, err_msg=name)
    found = verify(run.results)
    assert (found.missing, found.changed, found.foreign) == ([], [], [])
    assert not list(run.results.rglob("*partial*"))


def damage_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def damage_bit(content: bytes) -> bytes:
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    return bytes(flipped)


DAMAGES = {
    "halved": damage_half,
    "emptied": lambda content: b"",
    "text": lambda content: b"this is no result\n",
    "one bit": damage_bit,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_data_are_seen_and_made_anew(undisturbed, damage):
    run, _ = undisturbed
    before = run.data()
    for name in ("dataset/val.json", "images/000/coco.json", "structures/001/particles.csv"):
        path = run.results / name
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    (run.results / "images" / "001" / "scene_00005.png").unlink()
    assert len(verify(run.results).changed) == 3
    assert verify(run.results).missing == ["images/001/scene_00005.png"]
    done = run("dataset")
    assert done.returncode == 0, done.stderr[-4000:]
    assert "dataset/val.json: not as it was written" in done.stderr
    assert run.data() == before
    assert not verify(run.results).changed


def test_removed_models_are_not_trained_again_unasked(undisturbed):
    run, _ = undisturbed
    weights = run.results / "models" / "01" / "model_final.pth"
    if not weights.exists():
        pytest.fail(f"the target {TARGET} trains no model")
    aside = weights.with_suffix(".aside")
    weights.rename(aside)
    try:
        done = run("train")
        assert done.returncode == 1
        assert "the trained 01 is gone" in done.stderr
    finally:
        aside.rename(weights)
