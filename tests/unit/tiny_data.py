"""A tiny data set, made by the workflow's own functions."""

from __future__ import annotations

from pathlib import Path

from synthwire.datasets import split
from synthwire.imaging import shard
from synthwire.structures.shard import generate_shard


def make_data(config: dict, folder: Path, scenes: int) -> Path:
    """One shard of images in `folder`/images; the last counts in val.json, the rest in train.json.

    Returns the folder.
    """
    generate_shard(config["structures"], 1, range(scenes), folder / "structures")
    shard.image_shard(folder / "structures", folder / "images", config["compression"], ["nanowire"])
    split.split_dataset(
        [folder / "images"],
        {scenes - 1: folder / "train.json"},
        folder / "val.json",
        training=scenes - 1,
        validation=1,
        size_factor=1,
        seed=1,
    )
    return folder
