"""Random streams of a run, all of the config's one seed: who draws from which branch of it.

A stream depends on the seed and its own branch alone, so scene n is the same whatever was made
before it, in which job, and on which machine.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stage(IntEnum):
    """First key of every stream of a run. A number once given is never given again."""

    STRUCTURES = 0
    SPLIT = 1
    IMAGE_SETS = 2
    TRAINING = 3
    IMAGING = 4
    RESCORING = 5


class TrainingStream(IntEnum):
    """Branches of one model's own seed, which is itself a branch of the run's."""

    ORDER = 0
    AUGMENTATION = 1
    COPY_PASTE = 2
    REGIONS = 3


def sequence(seed: int, *branch: int) -> np.random.SeedSequence:
    """The seed of one branch."""
    return np.random.SeedSequence(seed, spawn_key=tuple(map(int, branch)))


def generator(seed: int, *branch: int) -> np.random.Generator:
    """A random generator for one branch."""
    return np.random.default_rng(sequence(seed, *branch))


def seed_of(seed: int, *branch: int) -> int:
    """A seed of 32 bits for what takes no more than a number."""
    return int(sequence(seed, *branch).generate_state(1)[0])
