"""A tiny data set, made by the workflow's own functions."""

from __future__ import annotations

from pathlib import Path

from synthwire import dataset, imaging, structures


def make_data(config: dict, folder: Path, scenes: int) -> Path:
    """One shard of images in `folder`/images; the last counts in val.json, the rest in train.json.

    Returns the folder.
    """
    structures.generate_shard(config["structures"], 1, range(scenes), folder / "structures")
    imaging.image_shard(
        folder / "structures", folder / "images", config["optical_density"], ["nanowire"]
    )
    dataset.split_dataset(
        [folder / "images"],
        {scenes - 1: folder / "train.json"},
        folder / "val.json",
        training=scenes - 1,
        validation=1,
        size_factor=1,
        seed=1,
    )
    return folder
