"""Whether images are of one kind, as one instrument and specimen gives them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from synthwire.adaptation.statistics import FLOORS, WEIGHTS, Summary
from synthwire.errors import InputError

# Distance of the two nearest images of two groups, in least tolerances of a field, from which no
# one synthesis is like both, and how many times that within a group. Of five simulated images of
# one microscope and specimen none of eleven kinds is parted so, at most 0.96 and 1.2 times; of
# three of one and two of another, 75 of 110 pairs are.
APART, TIMES = 1.1, 1.5
EXPOSURE = "grey"  # statistics of brightness, which an operator turns from image to image
FEWEST = 2  # images of a group: one alone may be an odd place of the same specimen


def check_one_kind(real: Summary, sources: Sequence[int], names: Sequence[str]) -> None:
    """InputError that lists the groups where images (sources: the image of each field) differ."""
    groups = kinds_of(real, sources)
    if max(groups) == 1:
        return
    numbers = sorted(set(sources))
    listed = " | ".join(
        ", ".join(
            names[number] for number, group in zip(numbers, groups, strict=True) if group == which
        )
        for which in range(1, max(groups) + 1)
    )
    raise InputError(
        f"the images look as if of {max(groups)} kinds: {listed}; adapt to each kind alone, or say "
        "--mixed to learn from all at once"
    )


def kinds_of(real: Summary, sources: Sequence[int]) -> list[int]:
    """The group, from 1, of each image that has fields, in the order of the images' numbers."""
    numbers = sorted(set(sources))
    if len(numbers) < 2:
        return [1] * len(numbers)
    named = [name.split(".")[0] for name in real.names]
    counted = [place for place, group in enumerate(named) if group != EXPOSURE]
    groups = [named[place] for place in counted]
    floors = np.array([FLOORS[group] for group in groups])
    values = real.values[:, counted]
    means = np.stack([values[np.array(sources) == number].mean(axis=0) for number in numbers])
    # each group of statistics counts the same
    weights = np.array([1 / np.sqrt(groups.count(group)) for group in groups])
    points = means / (3 * floors) * weights / np.sqrt(len(WEIGHTS))
    tree = linkage(points, "single")
    gaps = tree[::-1, 2]  # the largest first: that which parts two groups, then three …
    for number, (gap, inner) in enumerate(itertools.pairwise(gaps), start=2):
        groups_of = fcluster(tree, number, criterion="maxclust")
        few = min(np.bincount(groups_of)[1:]) < FEWEST
        if not few and gap >= APART and gap >= TIMES * inner:
            return [int(group) for group in groups_of]
    return [1] * len(numbers)
