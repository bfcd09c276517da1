"""What decides a model's weights is said once, and whole."""

from __future__ import annotations

import pytest
import yaml

from synthwire.errors import InputError
from synthwire.learning.identity import (
    NOT_SHAPING_FILES,
    PLAN_SETTINGS,
    RUN_SETTINGS,
    SHAPING_FILES,
    claim_checkpoints,
    identity,
    shaping,
)
from synthwire.learning.plan import Plan
from synthwire.runtime.imports import LIBRARY, library_files
from synthwire.schema import FOLDER

PLAN = Plan(3, 0.01, 16, 0.6, 0.7, 1, "cosine")


def test_every_setting_of_a_training_decides_the_weights_or_is_said_not_to():
    """A new field belongs into one of the two lists, or shapes the weights and then stands here."""
    schema = yaml.safe_load((FOLDER / "config.schema.yaml").read_text())
    fields = set(schema["properties"]["training"]["properties"])
    run, plan = set(RUN_SETTINGS), set(PLAN_SETTINGS)
    assert run | plan <= fields
    assert not run & plan
    assert (len(run), len(plan)) == (len(RUN_SETTINGS), len(PLAN_SETTINGS))
    assert set(shaping(dict.fromkeys(fields))) == fields - run - plan
    assert fields - run - plan == {
        "augmentation",
        "images_per_batch",
        "max_size_px",
        "min_size_px",
        "mixed_precision",
    }


def test_every_file_that_a_training_imports_shapes_the_weights_or_is_said_not_to(root):
    imported = {
        path.relative_to(LIBRARY).as_posix()
        for path in library_files(root / "workflow" / "scripts" / "train_model.py")
    }
    assert set(SHAPING_FILES) <= imported
    others = imported - set(SHAPING_FILES)
    used = {entry: [name for name in others if _covers(entry, name)] for entry in NOT_SHAPING_FILES}
    assert [name for name in sorted(others) if not any(name in u for u in used.values())] == []
    assert [entry for entry, names in used.items() if not names] == []
    for entry in (*SHAPING_FILES, *NOT_SHAPING_FILES):
        path = LIBRARY / entry
        assert path.is_dir() if entry.endswith("/") else path.is_file(), entry


def _covers(entry: str, name: str) -> bool:
    """A folder's entry ends with a slash."""
    return name.startswith(entry) if entry.endswith("/") else name == entry


def test_a_checkpoint_of_another_training_is_refused(config, data, tmp_path):
    own = identity(
        config["architecture"], config["training"], PLAN, dataset=data / "train.json",
        weights=None, seed=1,
    )  # fmt: skip
    claim_checkpoints(tmp_path, own)
    claim_checkpoints(tmp_path, own)
    other = {**own, "plan": PLAN._replace(iterations=4)._asdict(), "seed": 2}
    with pytest.raises(InputError, match=r"belongs to another training \(plan, seed differ\)"):
        claim_checkpoints(tmp_path, other)


def test_checkpoints_of_nobody_are_refused(tmp_path):
    own = {"seed": 1}
    (tmp_path / "model_0000009.pth").write_bytes(b"weights")
    with pytest.raises(InputError, match=r"identity\.json: no such file, so that nothing tells"):
        claim_checkpoints(tmp_path, own)
    for content, said in (("[]", "not what a training has written"), ("{", "not valid JSON")):
        (tmp_path / "identity.json").write_text(content)
        with pytest.raises(InputError, match=rf"identity\.json: {said}"):
            claim_checkpoints(tmp_path, own)
