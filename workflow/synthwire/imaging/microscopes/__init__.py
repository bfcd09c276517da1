"""Virtual microscopes: grey 8-bit images of labelled volumes, for which the truth is known.

A labelled volume is (Z, Y, X), 0 where it is empty, k inside particle k; z = 0 is the substrate,
and the beam comes down along −z. The image has one pixel per voxel column, so the masks are the
volume's own projections (`projection.View`); to look along a tilted beam, tilt the volume first.

One microscope a file; `base` says what one is, `signal` and `striations` are pieces that they
share. To add one: write its module, and name its class in MICROSCOPES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from synthwire.errors import InputError
from synthwire.imaging.microscopes.base import Microscope
from synthwire.imaging.microscopes.ptychography import Ptychography
from synthwire.imaging.microscopes.sem import Sem
from synthwire.imaging.microscopes.stxm import Stxm
from synthwire.imaging.microscopes.tem import Tem
from synthwire.imaging.projection import View

MICROSCOPES: dict[str, type[Microscope]] = {
    "ptychography": Ptychography,
    "stxm": Stxm,
    "sem": Sem,
    "tem": Tem,
}


def acquire(
    microscope: str,
    view: View,
    voxel_size_nm: float,
    rng: np.random.Generator,
    parameters: Mapping[str, float | Sequence[float]],
) -> np.ndarray:
    """uint8 image (Y, X) by the microscope of that name.

    `parameters` overrides the microscope's settings; a pair [low, high] is drawn anew, uniformly,
    for each image. InputError for an unknown microscope or parameter.
    """
    check_parameters(microscope, parameters)
    chosen = {name: draw(value, rng) for name, value in sorted(parameters.items())}
    return MICROSCOPES[microscope](**chosen).acquire(view, voxel_size_nm, rng)


def check_parameters(microscope: str, parameters: Mapping) -> None:
    """InputError when there is no such microscope, or it has no such parameter."""
    if microscope not in MICROSCOPES:
        raise InputError(f"microscope: '{microscope}' is none of {', '.join(MICROSCOPES)}")
    known = [field.name for field in fields(MICROSCOPES[microscope])]
    for name in sorted(parameters):
        if name not in known:
            raise InputError(f"parameters: {microscope} has no '{name}'; it has {', '.join(known)}")


def draw(value: float | Sequence[float], rng: np.random.Generator) -> float:
    """A number as it is, or one drawn uniformly between the ends of a pair [low, high]."""
    if isinstance(value, Sequence):
        low, high = value
        return float(rng.uniform(low, high))
    return float(value)


__all__ = ["MICROSCOPES", "Microscope", "acquire", "check_parameters", "draw"]
