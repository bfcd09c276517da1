"""What particles lie on: random grounds that show structure of their own, and no particle.

Real supports are uneven: grains and pores, a film with holes, specks, curtains, shading. One kind a
file, a function of the shape in pixels, the voxel size and a generator, entered in GROUNDS. Its
extents are drawn in nanometres from well below a particle's width to far above it, since nobody
knows at which scale an image is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from synthwire.imaging.grounds.cells import cells
from synthwire.imaging.grounds.curtains import curtains
from synthwire.imaging.grounds.film import holey_film
from synthwire.imaging.grounds.grain import grain
from synthwire.imaging.grounds.pores import pores
from synthwire.imaging.grounds.shading import shading
from synthwire.imaging.grounds.specks import specks

Ground = Callable[[tuple[int, int], float, np.random.Generator], np.ndarray]

GROUNDS: dict[str, Ground] = {
    "grain": grain,
    "pores": pores,
    "cells": cells,
    "holey_film": holey_film,
    "specks": specks,
    "curtains": curtains,
    "shading": shading,
}
PEAK = 2.5  # the farthest from the mean that a ground goes; a sparse one spreads less for it
SECOND_SHARE = 0.4  # of the grounds, to which a second kind is added


def draw_ground(
    shape: tuple[int, int], voxel_size_nm: float, settings: Mapping, rng: np.random.Generator
) -> np.ndarray | None:
    """Relative change of what the bare ground shows, (Y, X), mean 0, or None for an even ground.

    settings: `share` of the images with a ground; `contrast`, of `standardise`d fields, a pair
    drawn from uniformly in its logarithm; `kinds`, names in GROUNDS. Nothing is drawn from
    `rng` where the share is 0.
    """
    if settings["share"] == 0 or rng.random() >= settings["share"]:
        return None
    kinds = settings["kinds"]
    drawn = [kinds[int(rng.integers(len(kinds)))]]
    if rng.random() < SECOND_SHARE:
        drawn.append(kinds[int(rng.integers(len(kinds)))])
    weights = rng.uniform(0.3, 1, len(drawn))
    field = sum(
        weight * standardise(GROUNDS[kind](shape, voxel_size_nm, rng))
        for kind, weight in zip(drawn, weights, strict=True)
    )
    low, high = np.log(settings["contrast"])
    return float(np.exp(rng.uniform(low, high))) * standardise(np.asarray(field))


def standardise(field: np.ndarray) -> np.ndarray:
    """A field with mean 0, standard deviation 1 or less and no value beyond PEAK; 0 if even."""
    field = field - field.mean()
    spread = max(float(field.std()), float(np.percentile(np.abs(field), 99.9)) / PEAK)
    return np.clip(field / max(spread, 1e-9), -PEAK, PEAK)


__all__ = ["GROUNDS", "draw_ground", "standardise"]
