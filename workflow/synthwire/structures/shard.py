"""Structures of one shard as files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from synthwire.io.files import atomic_directory
from synthwire.io.volumes import write_volume
from synthwire.structures.checks import check_settings
from synthwire.structures.scene import generate_scene
from synthwire.structures.settings import categories


def generate_shard(
    settings: Mapping,
    seed: int,
    scenes: Sequence[int],
    folder: str | os.PathLike,
    progress: Callable = iter,
) -> None:
    """Make the scenes of one shard: scene_{n:05d}.tif and particles.csv, in `folder`.

    The folder appears whole or not at all. `progress` wraps the iteration (tqdm, for instance).
    One scene is in memory at a time.
    """
    check_settings(settings)
    tables = []
    with atomic_directory(folder) as temporary:
        for scene in progress(scenes):
            made = generate_scene(settings, seed, scene)
            write_volume(
                temporary / f"scene_{scene:05d}.tif",
                made.labels,
                made.voxel_size_nm,
                scene=scene,
                seed=seed,
                attempt=made.attempt,
                categories=categories(settings),
            )
            tables.append(made.particles)
        pd.concat(tables).to_csv(temporary / "particles.csv", index=False, lineterminator="\n")
